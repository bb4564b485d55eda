import type { TemplateFunction } from "./functions.ts";
import { type Call, type Node, type Operand, type Pipe, type Position, TemplateError } from "./nodes.ts";
import { display, isList, isMap, isTrue, Struct, sortedKeys, typeName, type Value } from "./values.ts";

export interface ExecuteOptions {
  readonly functions: Readonly<Record<string, TemplateFunction>>;
  /** A key that a map lacks is an error instead of no value. */
  readonly missingKeyIsError?: boolean;
}

/**
 * Executes a parsed template on a value.
 * @throws TemplateError
 */
export function execute(nodes: readonly Node[], data: Value, options: ExecuteOptions): string {
  return new Execution(data, options).run(nodes);
}

class LoopControl {
  readonly kind: "break" | "continue";
  constructor(kind: "break" | "continue") {
    this.kind = kind;
  }
}

class Execution {
  readonly #options: ExecuteOptions;
  readonly #variables: { readonly name: string; value: Value }[];
  #out = "";

  constructor(data: Value, options: ExecuteOptions) {
    this.#options = options;
    this.#variables = [{ name: "$", value: data }];
  }

  run(nodes: readonly Node[]): string {
    this.#walk(nodes, this.#variables[0]?.value);
    return this.#out;
  }

  #walk(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) {
      switch (node.kind) {
        case "text":
          this.#out += node.text;
          break;
        case "action": {
          const value = this.#pipe(node.pipe, dot);
          if (node.pipe.variables.length === 0) this.#out += display(value);
          break;
        }
        case "break":
        case "continue":
          throw new LoopControl(node.kind);
        case "range":
          this.#scoped(() => this.#range(node, dot));
          break;
        default:
          this.#scoped(() => {
            const value = this.#pipe(node.pipe, dot);
            if (isTrue(value)) this.#walk(node.body, node.kind === "with" ? value : dot);
            else this.#walk(node.otherwise, dot);
          });
      }
    }
  }

  #scoped(body: () => void): void {
    const depth = this.#variables.length;
    try {
      body();
    } finally {
      this.#variables.length = depth;
    }
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: Value): void {
    const { variables, commands } = node.pipe;
    const value = this.#pipe({ variables: [], assigns: false, commands }, dot);
    const items = this.#items(value, commands[0]);
    if (items.length === 0) this.#walk(node.otherwise, dot);
    for (const [key, item] of items) {
      try {
        this.#scoped(() => {
          const [first, second] = variables;
          if (second !== undefined)
            this.#variables.push({ name: first ?? "", value: key }, { name: second, value: item });
          else if (first !== undefined) this.#variables.push({ name: first, value: item });
          this.#walk(node.body, item);
        });
      } catch (thrown) {
        if (!(thrown instanceof LoopControl)) throw thrown;
        if (thrown.kind === "break") return;
      }
    }
  }

  #items(value: Value, source: Call | undefined): [Value, Value][] {
    if (isList(value)) return value.map((item, index) => [index, item]);
    if (isMap(value)) return sortedKeys(value).map((key) => [key, value[key]]);
    if (value === null || value === undefined) return [];
    if (typeof value === "number") return Array.from({ length: value }, (_, index) => [index, index]);
    throw this.#error(source, `range can't iterate over ${display(value)}`);
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let value: Value;
    let isFinal = false;
    for (const call of pipe.commands) {
      value = this.#call(call, dot, isFinal ? [value] : []);
      isFinal = true;
    }
    for (const name of pipe.variables) {
      if (pipe.assigns) {
        const variable = this.#variables.findLast((each) => each.name === name);
        if (variable) variable.value = value;
      } else this.#variables.push({ name, value });
    }
    return value;
  }

  #call(call: Call, dot: Value, piped: readonly Value[]): Value {
    const [first, ...rest] = call.operands;
    if (!first) return undefined;
    if (first.kind === "function") return this.#function(call, first.name, rest, dot, piped);
    const args = () => [...rest.map((operand) => this.#operand(operand, dot)), ...piped];
    if (first.kind === "field") return this.#fields(dot, first.names, first, args);
    const value = this.#operand(first, dot, args);
    if (first.kind !== "variable" && (rest.length > 0 || piped.length > 0)) {
      throw this.#error(call, `can't give argument to non-function ${first.source}`, first);
    }
    return value;
  }

  #function(call: Call, name: string, rest: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    const args: Value[] = [];
    for (const operand of rest) {
      const value = this.#operand(operand, dot);
      args.push(value);
      // `and` and `or` stop at the argument that decides.
      if ((name === "and" && !isTrue(value)) || (name === "or" && isTrue(value))) return value;
    }
    try {
      return this.#options.functions[name]?.(...args, ...piped);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#error(call, `error calling ${name}: ${reason}`, rest.length > 0 ? call : undefined);
    }
  }

  #operand(operand: Operand, dot: Value, args: () => readonly Value[] = () => []): Value {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "field":
        return this.#fields(dot, operand.names, operand, args);
      case "variable": {
        const value = this.#variables.findLast((each) => each.name === operand.name)?.value;
        return this.#fields(value, operand.names, operand, args);
      }
      case "function":
        return this.#options.functions[operand.name]?.();
      case "pipe":
        return this.#fields(this.#pipe(operand.pipe, dot), operand.names, operand, args);
    }
  }

  #fields(start: Value, names: readonly string[], operand: Operand, args: () => readonly Value[]): Value {
    let value = start;
    for (const [index, name] of names.entries()) {
      value = this.#field(value, name, operand, index);
      if (typeof value === "function") value = value(...(index === names.length - 1 ? args() : []));
    }
    return value;
  }

  #field(value: Value, name: string, operand: Operand, index: number): Value {
    // The position is that of the dot before the last name that was reached.
    const at = { ...operand.at, column: operand.at.column + columnsBefore(operand, index) };
    const fail = (text: string) => this.#error({ ...operand, at }, text);
    if (value instanceof Struct) {
      if (value.has(name)) return value.get(name);
      throw fail(`can't evaluate field ${name} in type ${value.typeName}`);
    }
    if (isMap(value)) {
      if (Object.hasOwn(value, name)) return value[name];
      if (this.#options.missingKeyIsError) throw fail(`map has no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    if (value === null || value === undefined) {
      throw fail(`nil pointer evaluating interface {}.${name}`);
    }
    throw fail(`can't evaluate field ${name} in type ${typeName(value)}`);
  }

  #error(
    where: { readonly source: string; readonly at: Position } | undefined,
    text: string,
    shown = where,
  ): TemplateError {
    const at = shown?.at ?? where?.at ?? { line: 1, column: 0 };
    const source = (shown ?? where)?.source ?? "";
    const quoted = source.length > 20 ? `${source.slice(0, 20)}...` : source;
    return new TemplateError(`template: :${at.line}:${at.column}: executing "" at <${quoted}>: ${text}`);
  }
}

/** Go points at the dot of the failing name when there are several. */
function columnsBefore(operand: Operand, index: number): number {
  if (operand.kind !== "field") return 0;
  return operand.names.slice(0, index).reduce((sum, name) => sum + name.length + 1, 0);
}
