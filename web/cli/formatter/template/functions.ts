import { compare, equal } from "./compare.ts";
import { display } from "./display.ts";
import { printf } from "./printf.ts";
import {
  elementTypeName,
  GoFunction,
  type GoMap,
  isList,
  isMap,
  isNil,
  isTrue,
  NilMap,
  type Parameter,
  PortMap,
  RawMap,
  Struct,
  sortedKeys,
  typeName,
  type Value,
} from "./values.ts";

/** Called with arguments that fit its parameters. */
function fn<T extends readonly Value[]>(parameters: readonly Parameter[], call: (...args: T) => Value): GoFunction {
  return new GoFunction(parameters, (...args) => call(...(args as unknown as T)));
}

function variadic(parameters: readonly Parameter[], call: (...args: readonly Value[]) => Value): GoFunction {
  return new GoFunction(parameters, call, true);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function index(container: Value, ...keys: readonly Value[]): Value {
  if (isNil(container)) throw new Error("index of untyped nil");
  return keys.reduce(item, container);
}

function item(container: Value, key: Value): Value {
  if (isNil(container)) throw new Error("index of nil pointer");
  if (isList(container)) return container[itemOffset(key, container.length, "slice")];
  if (typeof container === "string") {
    const bytes = bytesOf(container);
    return bytes[itemOffset(key, bytes.length, "string")];
  }
  if (!isMap(container)) throw new Error(`can't index item of type ${elementTypeName(container)}`);
  if (isNil(key)) throw new Error("value is nil; should be of type string");
  const expected = container instanceof PortMap ? "nat.Port" : "string";
  if (typeof key !== "string" || expected !== "string") {
    throw new Error(`value has type ${typeName(key)}; should be ${expected}`);
  }
  return Object.hasOwn(container, key) ? container[key] : zeroElement(container);
}

/** What a map holds for a key that is not there: text, or nothing where it holds anything but text. */
function zeroElement(map: GoMap): Value {
  if (map instanceof RawMap) return undefined;
  return Object.values(map).every((each) => typeof each === "string") ? "" : null;
}

/** The place right behind the last one is refused by another part of Go. */
function itemOffset(key: Value, length: number, what: string): number {
  if (key === length) throw new Error(`reflect: ${what} index out of range`);
  return offset(key, length);
}

function offset(key: Value, length: number): number {
  if (isNil(key)) throw new Error("cannot index slice/array with nil");
  if (typeof key !== "number") throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0 || key > length) throw new Error(`index out of range: ${key}`);
  return key;
}

function slice(value: Value, ...bounds: readonly Value[]): Value {
  if (isNil(value)) throw new Error("slice of untyped nil");
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (typeof value === "string") {
    if (bounds.length === 3) throw new Error("cannot 3-index slice a string");
    const bytes = bytesOf(value);
    return textOf(bytes.slice(...sliceBounds(bounds, bytes.length)));
  }
  if (!isList(value)) throw new Error(`can't slice item of type ${elementTypeName(value)}`);
  return value.slice(...sliceBounds(bounds, value.length));
}

function sliceBounds(bounds: readonly Value[], length: number): [number, number] {
  const [from = 0, to = length] = bounds.map((bound) => offset(bound, length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return [from, to];
}

function length(value: Value): number {
  if (value === undefined) throw new Error("reflect: call of reflect.Value.Type on zero Value");
  if (value === null) throw new Error("len of nil pointer");
  if (typeof value === "string") return bytesOf(value).length;
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new Error(`len of type ${elementTypeName(value)}`);
}

/** Go's fmt.Sprint: a space between two values neither of which is a string. */
function print(...args: readonly Value[]): string {
  return args
    .map((value, at) => {
      const needsSpace = at > 0 && typeof value !== "string" && typeof args[at - 1] !== "string";
      return (needsSpace ? " " : "") + display(value);
    })
    .join("");
}

/** Go's encoding/json without the escapes for HTML: structs keep the order of their fields, maps come by key. */
function goJson(value: Value): string {
  if (value instanceof Struct) {
    const json = value.toJSON();
    if (typeof json !== "object" || json === null) return scalarJson(json);
    return objectJson(Object.entries(json as Record<string, Value>));
  }
  if (isList(value) && !("toJSON" in value)) return `[${value.map(goJson).join(",")}]`;
  if (value instanceof NilMap) return "null";
  if (isMap(value)) return objectJson(sortedKeys(value).map((key) => [key, value[key]]));
  return scalarJson(value);
}

function objectJson(entries: readonly (readonly [string, Value])[]): string {
  return `{${entries.map(([key, value]) => `${scalarJson(key)}:${goJson(value)}`).join(",")}}`;
}

function scalarJson(value: unknown): string {
  const json = JSON.stringify(value ?? null) ?? "null";
  return json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** JSON inside which `<`, `>` and `&` are escaped, as rows that marshal themselves come out. */
function htmlSafeJson(value: Value): string {
  return goJson(value).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

/** Go's strings.Title: an apostrophe ends a word. */
function title(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{N}_])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function pad(text: string, before: number, after: number): string {
  if (text === "") return text;
  if (before < 0 || after < 0) throw new Error("strings: negative Repeat count");
  return " ".repeat(before) + text + " ".repeat(after);
}

/** The first bytes. */
function truncate(text: string, size: number): string {
  const bytes = bytesOf(text);
  if (bytes.length <= size) return text;
  if (size < 0) throw new Error(`runtime error: slice bounds out of range [:${size}]`);
  return textOf(bytes.slice(0, size));
}

const html: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;" };

/** Go's text/template.JSEscapeString. */
function js(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}]/gu, (char) =>
    /[\\'"]/.test(char) ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

function call(callee: Value): never {
  if (isNil(callee)) throw new Error("call of nil");
  throw new Error(`non-function of type ${typeName(callee)}`);
}

/** The functions of text/template and those that Docker adds. `and` and `or` decide before all arguments are known. */
export const templateFunctions: Readonly<Record<string, GoFunction>> = {
  and: variadic(["any"], (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1)),
  or: variadic(["any"], (...args) => args.find(isTrue) ?? args.at(-1)),
  not: fn(["any"], (value) => !isTrue(value)),
  eq: variadic(["any"], equal),
  ne: fn(["any", "any"], (a, b) => !equal(a, b)),
  lt: fn(["any", "any"], (a, b) => compare(a, b) < 0),
  le: fn(["any", "any"], (a, b) => compare(a, b) <= 0),
  gt: fn(["any", "any"], (a, b) => compare(a, b) > 0),
  ge: fn(["any", "any"], (a, b) => compare(a, b) >= 0),
  index: variadic(["any"], index),
  slice: variadic(["any"], slice),
  len: fn(["any"], length),
  call: variadic(["any"], call),
  print: variadic([], print),
  println: variadic([], (...args) => `${args.map(display).join(" ")}\n`),
  printf: variadic(["string"], (format, ...args) => printf(String(format), args)),
  html: variadic([], (...args) => print(...args).replace(/[<>&"']/g, (char) => html[char] ?? char)),
  urlquery: variadic([], (...args) =>
    encodeURIComponent(print(...args))
      .replaceAll("%20", "+")
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  ),
  js: variadic([], (...args) => js(print(...args))),
  json: fn(["any"], (value) => (value instanceof RowStruct ? htmlSafeJson(value) : goJson(value))),
  split: fn(["string", "string"], (text: string, separator: string) =>
    separator === "" ? [...text] : text.split(separator),
  ),
  join: fn(["[]string", "string"], (list: readonly string[], separator: string) => list.join(separator)),
  title: fn(["string"], title),
  lower: fn(["string"], (text: string) => text.toLowerCase()),
  upper: fn(["string"], (text: string) => text.toUpperCase()),
  pad: fn(["string", "int", "int"], pad),
  truncate: fn(["string", "int"], truncate),
};

const unchanged = (...more: Parameter[]) => fn(["string", ...more], (header) => header);

/** What the functions do to the names of columns. */
export const headerFunctions: Readonly<Record<string, GoFunction>> = {
  ...templateFunctions,
  json: unchanged(),
  title: unchanged(),
  lower: unchanged(),
  upper: unchanged(),
  truncate: unchanged("int"),
  split: unchanged("string"),
  join: unchanged("string"),
};

/** A row of a listing: its JSON is that of a type with a marshaller of its own. */
export class RowStruct extends Struct {}
