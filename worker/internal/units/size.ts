const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** Go's %.<digits>g for numbers from 0 to 9999, the range that sizes and percentages stay in. */
function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const text = value.toPrecision(digits);
  const plain = text.includes("e") ? goExponent(text) : text;
  return plain.includes(".") && !plain.includes("e") ? plain.replace(/\.?0+$/, "") : plain;
}

function goExponent(text: string): string {
  const [mantissa = "", exponent = ""] = text.split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${trimmed}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}

function sized(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${significant(value, digits)}${units[unit] ?? ""}`;
}

/** Powers of 1000, 4 significant digits unless told: "4.26MB". */
export function humanSize(bytes: number, digits = 4): string {
  return sized(bytes, 1000, decimalUnits, digits);
}

/** Powers of 1024, 4 significant digits: "64MiB". */
export function bytesSize(bytes: number): string {
  return sized(bytes, 1024, binaryUnits, 4);
}

const binaryExponent: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * "64m", "1.5 GiB", "1024" to bytes, units as powers of 1024. The number ends at the last digit, point or space.
 * @throws Error with Docker's message.
 */
export function ramInBytes(text: string): number {
  const [, digits = "", suffix = ""] = /^(.*[0-9. ])([^0-9. ]*)$/s.exec(text) ?? [];
  if (digits === "") throw new Error(`invalid size: '${text}'`);
  const value = parseFloat64(digits.replace(/ $/, ""));
  if (value < 0) throw new Error(`invalid size: '${text}'`);
  const [, unit] = /^(?:b|([kmgtp])(?:i?b)?)?$/i.exec(suffix) ?? [];
  if (unit === undefined && !/^b?$/i.test(suffix)) throw new Error(`invalid suffix: '${suffix}'`);
  return Math.trunc(value * 1024 ** (unit ? (binaryExponent[unit.toLowerCase()] ?? 0) : 0));
}

/** A decimal number as Go reads it, with its words for one that is none. */
function parseFloat64(text: string): number {
  const fails = (why: string) => new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw fails("invalid syntax");
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isFinite(value)) throw fails("value out of range");
  return value;
}

/**
 * As {@link ramInBytes}, and "-1" for no limit.
 */
export function memorySwapBytes(text: string): number {
  return text === "-1" ? -1 : ramInBytes(text);
}

/**
 * A decimal (or a fraction such as "1/2") to billionths: `--cpus`.
 * @throws Error with Docker's message.
 */
export function parseDecimal(text: string): number {
  const fraction = /^([+-]?[0-9]+)\/([0-9]+)$/.exec(text);
  const value = fraction
    ? Number(fraction[1]) / Number(fraction[2])
    : /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)
      ? Number(text)
      : Number.NaN;
  if (!Number.isFinite(value)) throw new Error(`failed to parse ${text} as a rational number`);
  const billionths = value * 1e9;
  if (Math.abs(billionths - Math.round(billionths)) > 1e-4) throw new Error("value is too precise");
  return Math.round(billionths);
}
