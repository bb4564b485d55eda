import { expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";

/** What JavaScript's own matcher says, where both have the same syntax. */
const patterns =
  "abc ^a$ a|b (a|bc)+d ^(foo|bar)$ a{2} a{2,} ^a{1,3}$ ^a{0}$ x*y [a-c]+ [^a-c] ^[\\w.-]+$ \\d\\d \\bweb\\b a.c (?:ab)*c ^$ []x] a?? (a*)* ((a)) ^(a|) [\\]] a{,2} a| .*"
    .split(" ")
    .filter((pattern) => pattern !== "[]x]");
const texts = ["", "a", "aa", "aaaa", "abc", "a\nc", "bcbcd", "foo", "xfoo", "my-web-1", "42", "d]", "xxxy", "a{,2}"];

test.each(patterns)("compilePattern() finds what a regular expression finds: %s", (pattern) => {
  const matches = compilePattern(pattern);
  expect(texts.filter(matches)).toEqual(texts.filter((text) => new RegExp(pattern).test(text)));
});

test("compilePattern() has Go's ways", () => {
  expect(compilePattern("(?i)WEB[a-c]")("webB")).toBe(true);
  expect(compilePattern("[]x]")("]")).toBe(true);
  expect(compilePattern("(?P<n>a)b")("ab")).toBe(true);
});

test.each(["(", ")", "[", "a**b(", "*a", "a{3,2}", "a{2000}", "\\", "\\q", "[b-a]", "(?=a)", "((a{1000}){1000})"])(
  "compilePattern() refuses %s",
  (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(SyntaxError);
  },
);

test("compilePattern() is not kept busy by what keeps others busy", () => {
  expect(compilePattern("^(a+)+$")(`${"a".repeat(2000)}b`)).toBe(false);
  expect(compilePattern("(x*)*y(.*.*.*.*=)")("x".repeat(2000))).toBe(false);
});
