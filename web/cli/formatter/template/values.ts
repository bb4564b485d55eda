/**
 * A value with a Go struct's behaviour: fields by name, an error for a field that is not there. Fields may be functions, which
 * templates call with the arguments that follow.
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

  values(): Value[] {
    return [...this.#fields.values()];
  }

  toJSON(): Record<string, Value> {
    return Object.fromEntries([...this.#fields].filter(([, value]) => typeof value !== "function"));
  }
}

/** What a template works on. Plain objects are maps; a function is a method. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | Struct
  | { readonly [key: string]: Value }
  | ((...args: readonly Value[]) => Value);

export function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Struct);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Go's truth: empty and zero values are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Keys in the order in which Go visits a map. */
export function sortedKeys(map: { readonly [key: string]: Value }): string[] {
  return Object.keys(map).sort();
}

/** Go's %v. Nested structs behind pointers, whose addresses Go would print, are written out. */
export function display(value: Value, topLevel = true): string {
  if (value === undefined) return topLevel ? "<no value>" : "<nil>";
  if (value === null) return "<nil>";
  if (isList(value)) return `[${value.map((each) => display(each, false)).join(" ")}]`;
  if (value instanceof Struct) {
    return `{${value
      .values()
      .map((each) => display(each, false))
      .join(" ")}}`;
  }
  if (isMap(value)) {
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${display(value[key], false)}`)
      .join(" ")}]`;
  }
  return String(value);
}

/** The name of a value's type in messages. */
export function typeName(value: Value): string {
  if (value instanceof Struct) return value.typeName;
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (isList(value)) return "[]string";
  if (isMap(value)) return "map[string]string";
  return "nil";
}
