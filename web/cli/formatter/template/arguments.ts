import type { Operand } from "./nodes.ts";
import { isList, isNil, type Parameter, typeName, type Value } from "./values.ts";

/** A value that a function does not take; the message is Go's. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

const literals: readonly Operand["kind"][] = ["string", "bool", "number"];

/**
 * Checks a value against the type of a parameter.
 * @param operand what stands in the template; nothing for the value of a pipe
 * @throws ArgumentError
 */
export function checkArgument(parameter: Parameter, value: Value, operand: Operand | undefined): Value {
  if (parameter === "any" || fits(parameter, value)) return value;
  if (operand && literals.includes(operand.kind)) throw new ArgumentError(literalText(parameter, operand.source));
  if (operand?.kind === "nil") {
    if (parameter === "[]string") return [];
    throw new ArgumentError(`cannot assign nil to ${parameter}`);
  }
  if (value === undefined) {
    if (parameter === "[]string") return [];
    throw new ArgumentError(`invalid value; expected ${parameter}`);
  }
  throw new ArgumentError(`wrong type for value; expected ${parameter}; got ${typeName(value)}`);
}

function fits(parameter: Parameter, value: Value): boolean {
  switch (parameter) {
    case "string":
      return typeof value === "string";
    case "int":
      return typeof value === "number";
    default:
      return !isNil(value) && isList(value) && value.every((each) => typeof each === "string");
  }
}

function literalText(parameter: Parameter, source: string): string {
  if (parameter === "[]string") return `can't handle ${source} for arg of type []string`;
  return `expected ${parameter === "int" ? "integer" : parameter}; found ${source}`;
}
