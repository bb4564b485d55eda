import { display, isList, typeName, type Value } from "./values.ts";

const verb = /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's fmt.Sprintf for the verbs that make sense in a template. */
export function printf(format: string, args: readonly Value[]): string {
  let next = 0;
  const out = format.replace(
    verb,
    (_, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
      if (kind === "%") return "%";
      if (next >= args.length) return `%!${kind}(MISSING)`;
      const value = args[next++];
      return padded(formatted(kind, value, precision), flags, width);
    },
  );
  const extra = args.slice(next);
  if (extra.length === 0) return out;
  return `${out}%!(EXTRA ${extra.map((value) => `${typeName(value)}=${display(value, false)}`).join(", ")})`;
}

function padded(text: string, flags: string, width: string | undefined): string {
  const columns = Number(width ?? 0);
  if (flags.includes("-")) return text.padEnd(columns);
  if (flags.includes("0") && /^[+-]?[\d.]+$/.test(text)) return text.padStart(columns, "0");
  return text.padStart(columns);
}

function formatted(kind: string, value: Value, precision: string | undefined): string {
  const bad = () => `%!${kind}(${typeName(value)}=${display(value, false)})`;
  switch (kind) {
    case "v":
      return display(value, false);
    case "s":
      if (isList(value)) return `[${value.map((each) => formatted(kind, each, precision)).join(" ")}]`;
      if (typeof value !== "string") return bad();
      return precision === undefined ? value : [...value].slice(0, Number(precision)).join("");
    case "q":
      if (isList(value)) return `[${value.map((each) => formatted(kind, each, precision)).join(" ")}]`;
      return typeof value === "string" ? JSON.stringify(value) : bad();
    case "d":
      return typeof value === "number" && Number.isInteger(value) ? String(value) : bad();
    case "f":
      return typeof value === "number" ? value.toFixed(Number(precision ?? 6)) : bad();
    case "x":
    case "X":
      return hexadecimal(kind, value) ?? bad();
    case "t":
      return typeof value === "boolean" ? String(value) : bad();
    case "T":
      return typeName(value);
    default:
      return bad();
  }
}

function hexadecimal(kind: string, value: Value): string | undefined {
  let text: string;
  if (typeof value === "number") text = value.toString(16);
  else if (typeof value === "string") {
    text = [...new TextEncoder().encode(value)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  } else return undefined;
  return kind === "X" ? text.toUpperCase() : text;
}
