import { describe, expect, it } from "vitest";
import { displayWidth, ellipsis } from "./display-width.ts";

describe("displayWidth()", () => {
  it.each([
    ["abc", 3],
    ["äöü…", 4],
    ["日本語", 6],
    ["한국어", 6],
    ["ＡＢ", 4],
    ["🐳x", 3],
    ["", 0],
  ])("of %s is %d columns", (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe("ellipsis()", () => {
  it.each([
    ["short", 5, "short"],
    ["longer", 5, "long…"],
    ["日本語", 6, "日本語"],
    ["日本語日本", 6, "日本…"],
    ["a日本語日本", 6, "a日本…"],
    ["abc", 1, "a"],
    ["abc", 0, ""],
  ])("cuts %s to %d columns", (text, width, expected) => {
    expect(ellipsis(text, width)).toBe(expected);
  });
});
