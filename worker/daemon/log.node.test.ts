import { expect, test } from "vitest";
import { quoted } from "./log.node.ts";

test("quoted() leaves no control character for a terminal", () => {
  expect(quoted('a "b"\n\u001b[2J\u007f\u009b1m é')).toBe('"a \\"b\\"\\n\\u001b[2J\\u007f\\u009b1m é"');
});
