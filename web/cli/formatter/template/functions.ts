import { printf } from "./printf.ts";
import { display, isList, isMap, isTrue, Struct, typeName, type Value } from "./values.ts";

export type TemplateFunction = (...args: readonly Value[]) => Value;

function text(value: Value, name: string): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`.replace("$", name));
}

function number(value: Value): number {
  if (typeof value === "number") return value;
  throw new Error(`wrong type for value; expected int; got ${typeName(value)}`);
}

function compare(a: Value, b: Value): number {
  if (typeof a !== typeof b || !["string", "number"].includes(typeof a))
    throw new Error("incompatible types for comparison");
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

function equal(first: Value, ...others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error("missing argument for comparison");
  return others.some((other) => {
    const isNil = (value: Value) => value === null || value === undefined;
    if (isNil(first) || isNil(other)) return isNil(first) && isNil(other);
    if (typeof first !== typeof other) throw new Error("incompatible types for comparison");
    return first === other;
  });
}

function index(container: Value, ...keys: readonly Value[]): Value {
  let value = container;
  for (const key of keys) {
    if (isList(value) || typeof value === "string") {
      const at = number(key);
      if (at < 0 || at >= value.length) throw new Error(`index out of range: ${at}`);
      value = typeof value === "string" ? value.charCodeAt(at) : value[at];
    } else if (isMap(value)) value = value[text(key, "index")] ?? "";
    else if (value === null || value === undefined) throw new Error("index of untyped nil");
    else throw new Error(`can't index item of type ${typeName(value)}`);
  }
  return value;
}

function slice(item: Value, ...bounds: readonly Value[]): Value {
  if (!isList(item) && typeof item !== "string") throw new Error(`can't slice item of type ${typeName(item)}`);
  const [from = 0, to = item.length] = bounds.map(number);
  if (from < 0 || to > item.length || from > to) throw new Error(`index out of range: ${to}`);
  return item.slice(from, to);
}

function length(item: Value): number {
  if (typeof item === "string") return new TextEncoder().encode(item).length;
  if (isList(item)) return item.length;
  if (isMap(item)) return Object.keys(item).length;
  if (item === null || item === undefined) throw new Error("len of nil pointer");
  throw new Error(`len of type ${typeName(item)}`);
}

function print(...args: readonly Value[]): string {
  return args
    .map((value, at) => {
      const previous = args[at - 1];
      const space = at > 0 && typeof value !== "string" && typeof previous !== "string";
      return (space ? " " : "") + display(value, false);
    })
    .join("");
}

function and(...args: readonly Value[]): Value {
  return args.find((value) => !isTrue(value)) ?? args.at(-1);
}

function or(...args: readonly Value[]): Value {
  return args.find((value) => isTrue(value)) ?? args.at(-1);
}

/** Go's encoding/json without the escapes for HTML. */
function goJson(value: Value): string {
  const json = JSON.stringify(value ?? null) ?? "null";
  return json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** JSON inside which `<`, `>` and `&` are escaped, as rows that marshal themselves come out. */
function htmlSafeJson(value: Value): string {
  return goJson(value).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

function title(word: string): string {
  return word.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function pad(value: string, before: number, after: number): string {
  return value === "" ? value : " ".repeat(before) + value + " ".repeat(after);
}

const html: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;" };

/** The functions of text/template and those that Docker adds. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  and,
  or,
  not: (value) => !isTrue(value),
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  index,
  slice,
  len: length,
  print,
  println: (...args) => `${args.map((value) => display(value, false)).join(" ")}\n`,
  printf: (format, ...args) => printf(text(format, "printf"), args),
  html: (...args) => print(...args).replace(/[<>&"']/g, (char) => html[char] ?? char),
  urlquery: (...args) => encodeURIComponent(print(...args)).replaceAll("%20", "+"),
  js: (...args) =>
    JSON.stringify(print(...args))
      .slice(1, -1)
      .replaceAll("'", "\\'"),
  json: (value) => (value instanceof RowStruct ? htmlSafeJson(value) : goJson(value)),
  split: (value, separator) => text(value, "split").split(text(separator, "split")),
  join: (list, separator) => {
    if (!isList(list)) throw new Error(`wrong type for value; expected []string; got ${typeName(list)}`);
    return list.map((each) => text(each, "join")).join(text(separator, "join"));
  },
  title: (value) => title(text(value, "title")),
  lower: (value) => text(value, "lower").toLowerCase(),
  upper: (value) => text(value, "upper").toUpperCase(),
  pad: (value, before, after) => pad(text(value, "pad"), number(before), number(after)),
  truncate: (value, size) => [...text(value, "truncate")].slice(0, number(size)).join(""),
};

/** What the functions do to the names of columns. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...templateFunctions,
  json: (value) => value,
  title: (value) => value,
  lower: (value) => value,
  upper: (value) => value,
  truncate: (value) => value,
  split: (value) => value,
  join: (value) => value,
};

/** A row of a listing: its JSON is that of a type with a marshaller of its own. */
export class RowStruct extends Struct {}
