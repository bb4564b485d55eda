import { describe, expect, it } from "vitest";
import { durationString, humanDuration, parseDuration } from "./duration.ts";
import { bytesSize, humanSize, parseDecimal, ramInBytes } from "./size.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

describe("humanDuration()", () => {
  it.each([
    [500, "Less than a second"],
    [second, "1 second"],
    [59 * second, "59 seconds"],
    [60 * second, "About a minute"],
    [119 * second, "About a minute"],
    [120 * second, "2 minutes"],
    [59 * 60 * second, "59 minutes"],
    [hour, "About an hour"],
    [1.4 * hour, "About an hour"],
    [1.5 * hour, "2 hours"],
    [47 * hour, "47 hours"],
    [2 * day, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [59 * day, "8 weeks"],
    [60 * day, "2 months"],
    [729 * day, "24 months"],
    [730 * day, "2 years"],
  ])("says %d ms as %s", (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });
});

describe("sizes", () => {
  it.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [1024, "1.024kB"],
    [4_261_550, "4.262MB"],
    [1e9, "1GB"],
  ])("humanSize() says %d as %s", (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });

  it("humanSize() with three digits, and bytesSize()", () => {
    expect(humanSize(4_261_550, 3)).toBe("4.26MB");
    expect(bytesSize(25_275_000_000)).toBe("23.54GiB");
    expect(bytesSize(64 << 20)).toBe("64MiB");
  });

  it.each([
    ["64m", 64 << 20],
    ["1.5k", 1536],
    ["1 GiB", 1 << 30],
    ["12", 12],
    ["2kb", 2048],
    ["5 b", 5],
    ["12e3", 12000],
    [".5k", 512],
    ["1_0", 10],
    ["+5", 5],
  ])("ramInBytes() reads %s", (text, bytes) => {
    expect(ramInBytes(text)).toBe(bytes);
  });

  it.each([
    ["", "invalid size: ''"],
    ["-1", "invalid size: '-1'"],
    ["abc", "invalid size: 'abc'"],
    ["1i", "invalid suffix: 'i'"],
    ["5bi", "invalid suffix: 'bi'"],
    ["5mibb", "invalid suffix: 'mibb'"],
    ["1 2", 'strconv.ParseFloat: parsing "1 2": invalid syntax'],
    ["5  m", 'strconv.ParseFloat: parsing "5 ": invalid syntax'],
    ["1:2:3:4", 'strconv.ParseFloat: parsing "1:2:3:4": invalid syntax'],
    ["0x10", 'strconv.ParseFloat: parsing "0x10": invalid syntax'],
    ["1e400", 'strconv.ParseFloat: parsing "1e400": value out of range'],
  ])("ramInBytes() refuses '%s' with Docker's words", (text, message) => {
    expect(() => ramInBytes(text)).toThrow(new Error(message));
  });

  it("parseDecimal() reads decimals and fractions as billionths", () => {
    expect([parseDecimal("1.5"), parseDecimal("1/4"), parseDecimal(".1")]).toEqual([1.5e9, 0.25e9, 0.1e9]);
    expect(() => parseDecimal("0.0000000001")).toThrow("value is too precise");
    expect(() => parseDecimal("x")).toThrow("failed to parse x as a rational number");
  });
});

describe("Go durations", () => {
  it("parseDuration() reads and durationString() writes them", () => {
    expect(parseDuration("1h2m3.5s")).toBe(3723.5e9);
    expect(parseDuration("-5ms")).toBe(-5e6);
    expect(parseDuration("0")).toBe(0);
    expect([3723.5e9, 3600e9, 65e9, 1.5e9, 3e6, 5e5, 0].map(durationString)).toEqual([
      ...["1h2m3.5s", "1h0m0s", "1m5s", "1.5s", "3ms", "500µs", "0s"],
    ]);
  });

  it.each([
    ["5", 'time: missing unit in duration "5"'],
    ["5x", 'time: unknown unit "x" in duration "5x"'],
    ["", 'time: invalid duration ""'],
    ["s", 'time: invalid duration "s"'],
  ])("parseDuration() refuses '%s'", (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
});
