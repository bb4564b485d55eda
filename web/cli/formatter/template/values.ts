/**
 * A value with a Go struct's behaviour: fields by name, an error for a field that is not there. A field may be a
 * {@link GoFunction}: a method, which templates call with the arguments that follow.
 */
export class Struct {
  /** As messages name it: `*formatter.ContainerContext`. */
  readonly typeName: string;
  readonly #fields: ReadonlyMap<string, Value>;

  constructor(typeName: string, fields: Readonly<Record<string, Value>>) {
    this.typeName = typeName;
    this.#fields = new Map(Object.entries(fields));
  }

  get(name: string): Value {
    return this.#fields.get(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** As %v prints it. */
  display(show: (value: Value) => string): string {
    const values = [...this.#fields.values()].filter((value) => !(value instanceof GoFunction));
    return `{${values.map(show).join(" ")}}`;
  }

  toJSON(): unknown {
    return Object.fromEntries([...this.#fields].filter(([, value]) => !(value instanceof GoFunction)));
  }
}

/** A number that Go holds as float64, which prints and compares differently from an int (a plain number here). */
export class GoFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/** A number of JSON that was read without knowing its type: Go keeps its text, and compares it as a string. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): number {
    return Number(this.text);
  }
}

/** What a function takes for an argument. */
export type Parameter = "any" | "string" | "int" | "[]string";

/** A function or a method that templates may call. */
export class GoFunction {
  readonly parameters: readonly Parameter[];
  /** More arguments of any type may follow. */
  readonly isVariadic: boolean;
  readonly call: (...args: readonly Value[]) => Value;

  constructor(parameters: readonly Parameter[], call: (...args: readonly Value[]) => Value, isVariadic = false) {
    this.parameters = parameters;
    this.call = call;
    this.isVariadic = isVariadic;
  }
}

/** What a template works on. Plain objects are maps; `undefined` is Go's invalid value, `null` a nil pointer. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | Struct
  | GoFloat
  | JsonNumber
  | GoFunction
  | GoMap;

/** A plain object. */
export interface GoMap {
  readonly [key: string]: Value;
}

/** A map of JSON that was read without knowing its type. */
export class RawMap implements GoMap {
  readonly [key: string]: Value;

  constructor(entries: Readonly<Record<string, Value>>) {
    Object.assign(this, entries);
  }
}

/** A map that is not there: empty for a template, null in JSON. */
export class NilMap implements GoMap {
  readonly [key: string]: Value;
}

/** A map whose keys are ports. Go does not take a string for such a key. */
export class PortMap implements GoMap {
  readonly [key: string]: Value;

  constructor(entries: Readonly<Record<string, Value>>) {
    Object.assign(this, entries);
  }
}

export function isMap(value: Value): value is GoMap {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return ![Struct, GoFloat, JsonNumber, GoFunction].some((kind) => value instanceof kind);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isNil(value: Value): value is null | undefined {
  return value === null || value === undefined;
}

/** Go's truth: empty and zero values are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  if (value instanceof GoFloat) return value.value !== 0;
  if (value instanceof JsonNumber) return value.text !== "";
  return Boolean(value);
}

/** Keys in the order in which Go visits a map. */
export function sortedKeys(map: GoMap): string[] {
  return Object.keys(map).sort();
}

/** The name of a value's type in messages. */
export function typeName(value: Value): string {
  if (value instanceof Struct) return value.typeName;
  if (value instanceof GoFloat) return "float64";
  if (value instanceof JsonNumber) return "json.Number";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (isList(value)) return value.every((each) => typeof each === "string") ? "[]string" : "[]interface {}";
  if (isMap(value)) {
    return value instanceof RawMap ? "map[string]interface {}" : "map[string]string";
  }
  return "interface {}";
}

/** The type behind a pointer. */
export function elementTypeName(value: Value): string {
  return typeName(value).replace(/^\*/, "");
}
