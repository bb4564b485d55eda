import { expect, test } from "vitest";
import { pastedText } from "./pasted-text.ts";

test("pastedText() leaves text, tabs and line ends as they are", () => {
  const text = "echo 'grüße 漢字 👩‍👩‍👧'\t# two\r\nlines\n";
  expect(pastedText(text)).toBe(text);
});

test("pastedText() takes the effect from control characters", () => {
  expect(pastedText("a\x1b[201~b\x03c\0d\x7fe\x9b201~f")).toBe("a\u241b[201~b\u2403c\u2400d\ufffde\ufffd201~f");
});
