/** Checks an untrusted JSON value and answers it as a `T`. */
export interface Decoder<T> {
  /** The type's name in Docker's source, which is what its errors name. */
  readonly type: string;
  /** What a `null` stands for in an array or a map, as in Go. */
  readonly zero: T;
  /** Throws `DecodeError`. `path` names the value: `ExecOptions.Cmd.0`. */
  decode(value: unknown, path: string): T;
}

/** A value of the wrong type, in the words of Go's encoding/json. */
export class DecodeError extends Error {
  constructor(value: unknown, path: string, expected: string) {
    super(`json: cannot unmarshal ${kindOf(value)} into ${place(path)} of type ${expected}`);
  }
}

/** A number that its type cannot hold: the number itself is named. */
class NumberError extends DecodeError {
  constructor(value: number, path: string, expected: string) {
    super(value, path, expected);
    this.message = this.message.replace("number", `number ${value}`);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function place(path: string): string {
  if (!path.includes(".")) return "Go value";
  return /\.\d+$/.test(path) ? path : `Go struct field ${path}`;
}

/** A member's name in a path, escaped as in a JSON pointer (RFC 6901). */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A string, or a string type with a name of its own. */
export function text<T extends string>(type: string): Decoder<T> {
  return {
    type,
    zero: "" as T,
    decode(value, path) {
      if (typeof value !== "string") throw new DecodeError(value, path, type);
      return value as T;
    },
  };
}

export const string = text<string>("string");

export const boolean: Decoder<boolean> = {
  type: "bool",
  zero: false,
  decode(value, path) {
    if (typeof value !== "boolean") throw new DecodeError(value, path, "bool");
    return value;
  },
};

/** A whole number of so many bits. */
function integer(type: string, bits: number, signed: boolean): Decoder<number> {
  const least = signed ? -(2 ** (bits - 1)) : 0;
  const end = signed ? 2 ** (bits - 1) : 2 ** bits;
  return {
    type,
    zero: 0,
    decode(value, path) {
      if (typeof value !== "number") throw new DecodeError(value, path, type);
      if (!Number.isInteger(value) || value < least || value >= end) throw new NumberError(value, path, type);
      return value;
    },
  };
}

export const int = integer("int", 64, true);
export const int64 = integer("int64", 64, true);
export const uint16 = integer("uint16", 16, false);
export const uint64 = integer("uint64", 64, false);
export const duration = integer("time.Duration", 64, true);
export const fileMode = integer("fs.FileMode", 32, false);
export const uint = integer("uint", 64, false);

export function array<T>(element: Decoder<T>, type = `[]${element.type}`): Decoder<readonly T[]> {
  return {
    type,
    zero: [],
    decode(value, path) {
      if (!Array.isArray(value)) throw new DecodeError(value, path, type);
      return value.map((member, index) => decodeMember(element, member, `${path}.${index}`));
    },
  };
}

export const strings = array(string);

/** `entrypoint: "sh"` is `["sh"]`. */
export const stringOrArray: Decoder<readonly string[]> = {
  type: "strslice.StrSlice",
  zero: [],
  decode(value) {
    if (typeof value === "string") return [value];
    const members: unknown = Array.isArray(value) ? value.map((member) => member ?? "") : undefined;
    if (Array.isArray(members) && members.every((member) => typeof member === "string")) return members;
    throw new DecodeError(value, "", "string");
  },
};

/** Two numbers; what lacks is 0. */
export const pair: Decoder<readonly [number, number]> = {
  type: "[2]uint",
  zero: [0, 0],
  decode(value, path) {
    const [first = 0, second = 0] = array(uint, "[2]uint").decode(value, path);
    return [first, second];
  },
};

export function map<T>(member: Decoder<T>, type = `map[string]${member.type}`): Decoder<Readonly<Record<string, T>>> {
  return {
    type,
    zero: {},
    decode(value, path) {
      const entries = Object.entries(objectOf(value, path, type));
      return Object.fromEntries(
        entries.map(([name, entry]) => [name, decodeMember(member, entry, `${path}.${escaped(name)}`)]),
      );
    },
  };
}

export const labels = map(string);

export const nothing: Decoder<Record<string, never>> = {
  type: "struct {}",
  zero: {},
  decode(value, path) {
    objectOf(value, path, "struct {}");
    return {};
  },
};

/** A slice or pointer whose `null` is kept. */
export function orNull<T>(decoder: Decoder<T>): Decoder<T | null> {
  return { ...decoder, zero: null };
}

function decodeMember<T>({ zero, decode }: Decoder<T>, value: unknown, path: string): T {
  return value === null ? zero : decode(value, path);
}

/** What `struct` needs for a `T`: a decoder for every member. */
export type Shape<T> = { readonly [K in keyof T]-?: Decoder<NonNullable<T[K]>> };

/** Every member may be absent; `null` is absent; what the shape does not name is dropped, as Go's decoder does. */
export type Decoded<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

export function struct<T extends object>(type: string, shape: Shape<T>): Decoder<Decoded<T>> {
  const byName = new Map(
    Object.entries<Decoder<unknown>>(shape).map(([name, decoder]) => [name.toLowerCase(), { name, decoder }]),
  );
  return {
    type,
    zero: {},
    decode(value, path) {
      const decoded: [string, unknown][] = [];
      for (const [key, member] of Object.entries(objectOf(value, path, type))) {
        const field = byName.get(key.toLowerCase());
        if (field && member !== null) decoded.push([field.name, field.decoder.decode(member, `${path}.${key}`)]);
      }
      return Object.fromEntries(decoded) as Decoded<T>;
    },
  };
}

/** A struct whose members have these values where the client gave none. */
export function structWith<T extends object>(type: string, zero: T, shape: Shape<T>): Decoder<T> {
  const { decode } = struct<T>(type, shape);
  return { type, zero, decode: (value, path) => ({ ...zero, ...decode(value, path) }) };
}

function objectOf(value: unknown, path: string, expected: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DecodeError(value, path, expected);
  return value;
}
