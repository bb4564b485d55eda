/** Checks an untrusted JSON value and answers it as a `T`. `path` names it in errors: `.HostConfig.Memory`. */
export type Decode<T> = (value: unknown, path: string) => T;

/** A value of the wrong type, in the words of Go's encoding/json. */
export class DecodeError extends Error {
  constructor(value: unknown, path: string, expected: string) {
    const where = path === "" ? `Go value of type ${expected}` : `Go struct field ${path} of type ${expected}`;
    super(`json: cannot unmarshal ${kindOf(value)} into ${where}`);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" && !Number.isInteger(value) ? `number ${value}` : typeof value;
}

export const string: Decode<string> = (value, path) => {
  if (typeof value !== "string") throw new DecodeError(value, path, "string");
  return value;
};

export const boolean: Decode<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new DecodeError(value, path, "bool");
  return value;
};

export const integer: Decode<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new DecodeError(value, path, "int64");
  return value;
};

/** One of a fixed set; anything else is left to the backend, which knows Docker's sentence for it. */
export function oneOf<T extends string>(): Decode<T> {
  return (value, path) => string(value, path) as T;
}

export function array<T>(element: Decode<T>): Decode<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new DecodeError(value, path, "[]string");
    return value.map((member) => element(member ?? "", path));
  };
}

/** `entrypoint: "sh"` is `["sh"]`. */
export const stringOrArray: Decode<readonly string[]> = (value, path) =>
  typeof value === "string" ? [value] : array(string)(value, path);

export const pair: Decode<readonly [number, number]> = (value, path) => {
  const [rows = 0, columns = 0] = array(integer)(value, path);
  return [rows, columns];
};

export function map<T>(member: Decode<T>): Decode<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(objectOf(value, path, "map[string]string"));
    return Object.fromEntries(entries.map(([name, entry]) => [name, member(entry, path)]));
  };
}

export const nothing: Decode<Record<string, never>> = (value, path) => {
  if (value !== null) objectOf(value, path, "struct {}");
  return {};
};

export function orNull<T>(decode: Decode<T>): Decode<T | null> {
  return (value, path) => (value === null ? null : decode(value, path));
}

/** What `struct` needs for a `T`: a decoder for every member. */
export type Shape<T> = { readonly [K in keyof T]-?: Decode<NonNullable<T[K]>> };

/** Every member may be absent; `null` is absent; what the shape does not name is dropped, as Go's decoder does. */
export type Decoded<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

export function struct<T extends object>(shape: Shape<T>): Decode<Decoded<T>> {
  const byName = new Map(
    Object.entries<Decode<unknown>>(shape).map(([name, decode]) => [name.toLowerCase(), { name, decode }]),
  );
  return (value, path) => {
    const decoded: [string, unknown][] = [];
    for (const [key, member] of Object.entries(objectOf(value, path, "struct"))) {
      const field = byName.get(key.toLowerCase());
      if (field && member !== null) decoded.push([field.name, field.decode(member, `${path}.${field.name}`)]);
    }
    return Object.fromEntries(decoded) as Decoded<T>;
  };
}

function objectOf(value: unknown, path: string, expected: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DecodeError(value, path, expected);
  return value;
}
