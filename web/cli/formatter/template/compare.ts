import { GoFloat, isNil, JsonNumber, Struct, typeName, type Value } from "./values.ts";

type Kind = "bool" | "float" | "int" | "string" | "pointer" | "nil" | "other";

function kindOf(value: Value): Kind {
  if (isNil(value)) return "nil";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (value instanceof GoFloat) return "float";
  if (value instanceof Struct) return "pointer";
  return typeof value === "string" || value instanceof JsonNumber ? "string" : "other";
}

function basic(value: Value): Value {
  if (value instanceof GoFloat) return value.value;
  return value instanceof JsonNumber ? value.text : value;
}

/** Go's `eq`: whether the first value equals any of the others. */
export function equal(first: Value, ...others: readonly Value[]): boolean {
  if (kindOf(first) === "other") throw new Error(`non-comparable type ${typeName(first)}`);
  if (others.length === 0) throw new Error("missing argument for comparison");
  return others.some((other) => {
    const [kind, otherKind] = [kindOf(first), kindOf(other)];
    if (kind === "nil" || otherKind === "nil") return kind === otherKind;
    if (otherKind === "other") throw new Error(`non-comparable type ${typeName(other)}`);
    if (kind !== otherKind) throw new Error("incompatible types for comparison");
    return basic(first) === basic(other);
  });
}

/** Negative, 0 or positive, for `lt` and the like. */
export function compare(a: Value, b: Value): number {
  const [kind, otherKind] = [kindOf(a), kindOf(b)];
  if ([kind, otherKind].some((each) => !isBasic(each))) throw new Error("invalid type for comparison");
  if (kind !== otherKind) throw new Error("incompatible types for comparison");
  const [left, right] = [basic(a), basic(b)];
  if (typeof left === "string" && typeof right === "string") return order(left, right);
  if (typeof left === "number" && typeof right === "number") return order(left, right);
  throw new Error("invalid type for comparison");
}

function isBasic(kind: Kind): boolean {
  return kind !== "nil" && kind !== "pointer" && kind !== "other";
}

function order<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
