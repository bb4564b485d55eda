import { expect, it } from "vitest";
import { jsonSyntaxError } from "./json-syntax.ts";

// What a real engine answered to each text.
it.each([
  ["", "unexpected EOF"],
  ["{", "unexpected EOF"],
  ['{"Image"', "unexpected EOF"],
  ['{"Image":', "unexpected EOF"],
  ['{"Image":"x"', "unexpected EOF"],
  ['{"Image":"a\\', "unexpected EOF"],
  ['{"Image":"\\u12', "unexpected EOF"],
  ["nul", "unexpected EOF"],
  ["-", "unexpected EOF"],
  ['{"Image":"x",}', "invalid character '}' looking for beginning of object key string"],
  ["{x}", "invalid character 'x' looking for beginning of object key string"],
  ["{,}", "invalid character ',' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ["x", "invalid character 'x' looking for beginning of value"],
  ['{"Image":}', "invalid character '}' looking for beginning of value"],
  ['{"a":[1,]}', "invalid character ']' looking for beginning of value"],
  ["\u0000", "invalid character '\\x00' looking for beginning of value"],
  ["\ufeff{}", "invalid character '\\ufeff' looking for beginning of value"],
  ['{"Image" "x"}', "invalid character '\"' after object key"],
  ['{"a":1,"b"}', "invalid character '}' after object key"],
  ['{"Image":"x" "y"}', "invalid character '\"' after object key:value pair"],
  ['{"Image":01}', "invalid character '1' after object key:value pair"],
  ["[1 2]", "invalid character '2' after array element"],
  ['{"a":[1 2]}', "invalid character '2' after array element"],
  ['{"a":{"b":[{}}}', "invalid character '}' after array element"],
  ['{"Image":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['{"Image":-}', "invalid character '}' in numeric literal"],
  ['{"Image":1.}', "invalid character '}' in numeric literal"],
  ['{"Image":1e}', "invalid character '}' in numeric literal"],
  ['{"Image":"a\u0001"}', "invalid character '\\x01' in string"],
  ['{"Image":"a\n"}', "invalid character '\\n' in string"],
  ['{"Image":"a\\q"}', "invalid escape sequence `\\q` in string"],
  ['{"Image":"\\u12g4"}', "invalid escape sequence `\\u12g4` in string"],
])("jsonSyntaxError() of %j", (text, message) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonSyntaxError(text)).toBe(message);
});

it("jsonSyntaxError() is undefined for JSON, and names what follows it", () => {
  for (const text of [
    "null",
    ' {"a": [1, -0.5e+3, {}, [], ""], "b": {"c": true}} ',
    '"\\u00e9\\n"',
    "[[[]], {}]",
    "0",
  ]) {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(jsonSyntaxError(text)).toBeUndefined();
    expect(jsonSyntaxError(`${text} x`)).toBe("invalid character 'x' after top-level value");
  }
});

it("jsonSyntaxError() does not recurse", () => {
  expect(jsonSyntaxError("[".repeat(1 << 20))).toBe("unexpected EOF");
});
