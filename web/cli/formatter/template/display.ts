import { GoFloat, isList, isMap, JsonNumber, Struct, sortedKeys, type Value } from "./values.ts";

/** Go's %v. Nested structs behind pointers, whose addresses Go would print, are written out. */
export function display(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (isList(value)) return `[${value.map(display).join(" ")}]`;
  if (value instanceof Struct) return value.display(display);
  if (value instanceof GoFloat) return floatText(value.value, "g");
  if (value instanceof JsonNumber) return value.text;
  if (isMap(value)) {
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${display(value[key])}`)
      .join(" ")}]`;
  }
  return String(value);
}

/** What an action prints. */
export function printed(value: Value): string {
  return value === undefined ? "<no value>" : display(value);
}

/** A number as printf writes it for the verbs e, f and g, in small letters. Without a precision, g has the digits it needs. */
export function floatText(value: number, verb: string, precision?: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (verb === "f") return value.toFixed(precision ?? 6);
  if (verb === "e") return exponential(value, precision ?? 6);
  return general(value, precision === undefined ? undefined : Math.max(1, precision));
}

/** The exponent has two digits at least. */
function exponential(value: number, precision: number | undefined): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2");
}

function general(value: number, precision: number | undefined): string {
  const [mantissa = "", power = ""] = exponential(value, precision && precision - 1).split("e");
  const shortest = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const digits = shortest.replace(/[-.]/g, "").length;
  const exponent = Number(power);
  const limit = precision === undefined ? 6 : precision > digits && digits > exponent ? digits : precision;
  return exponent < -4 || exponent >= limit ? `${shortest}e${power}` : String(Number(`${mantissa}e${power}`));
}
