import { ArgumentError, checkArgument } from "./arguments.ts";
import { display, printed } from "./display.ts";
import {
  type Block,
  type Call,
  type Node,
  type Operand,
  type Pipe,
  type Place,
  TemplateError,
  type TemplateSet,
} from "./nodes.ts";
import { GoFloat, GoFunction, isList, isMap, isTrue, Struct, sortedKeys, typeName, type Value } from "./values.ts";

export interface ExecuteOptions {
  readonly functions: Readonly<Record<string, GoFunction>>;
  /** A key that a map lacks is an error instead of no value. */
  readonly missingKeyIsError?: boolean;
}

/**
 * Executes a parsed template on a value.
 * @param write takes what comes out, piece by piece
 * @throws TemplateError
 */
export function execute(
  templates: TemplateSet,
  data: Value,
  options: ExecuteOptions,
  write: (text: string) => void,
): void {
  new Execution({ templates, options, write }, "", data, 0).run();
}

interface World {
  readonly templates: TemplateSet;
  readonly options: ExecuteOptions;
  readonly write: (text: string) => void;
}

/** How deep templates may call each other. */
const depthLimit = 1000;

class LoopControl {
  readonly kind: "break" | "continue";
  constructor(kind: "break" | "continue") {
    this.kind = kind;
  }
}

/** What is handed to a function or method: what stands behind it, and the value of the pipe so far. */
interface Arguments {
  readonly operands: readonly Operand[];
  /** Nothing at a pipe's start; a list of one value after a `|`. */
  readonly piped: readonly Value[];
  /** What the operands are looked at from. */
  readonly dot: Value;
}

const noArguments: Arguments = { operands: [], piped: [], dot: undefined };

/** One template at work on one value. */
class Execution {
  readonly #world: World;
  readonly #name: string;
  readonly #depth: number;
  readonly #data: Value;
  readonly #variables: { readonly name: string; value: Value }[];
  /** What is being looked at, which is where a message points. */
  #place: Place = { source: "", at: { line: 1, column: 0 } };

  constructor(world: World, name: string, data: Value, depth: number) {
    this.#world = world;
    this.#name = name;
    this.#data = data;
    this.#depth = depth;
    this.#variables = [{ name: "$", value: data }];
  }

  run(): void {
    this.#walk(this.#world.templates.get(this.#name) ?? [], this.#data);
  }

  #walk(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) {
      switch (node.kind) {
        case "text":
          this.#world.write(node.text);
          break;
        case "action": {
          const value = this.#pipe(node.pipe, dot);
          if (node.pipe.variables.length === 0) this.#world.write(printed(value));
          break;
        }
        case "break":
        case "continue":
          throw new LoopControl(node.kind);
        case "template":
          this.#template(node, dot);
          break;
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

  #template(node: Extract<Node, { kind: "template" }>, dot: Value): void {
    this.#place = node;
    if (!this.#world.templates.has(node.name)) {
      throw this.#error(`template ${JSON.stringify(node.name)} not defined`);
    }
    if (this.#depth === depthLimit) throw this.#error(`exceeded maximum template depth (${depthLimit})`);
    const data = node.pipe && this.#pipe(node.pipe, dot);
    new Execution(this.#world, node.name, data, this.#depth + 1).run();
  }

  #scoped(body: () => void): void {
    const depth = this.#variables.length;
    try {
      body();
    } finally {
      this.#variables.length = depth;
    }
  }

  #range(node: Block, dot: Value): void {
    const { variables, assigns } = node.pipe;
    const value = this.#commands(node.pipe, dot);
    const items = this.#items(value, variables.length);
    if (items.length === 0) this.#walk(node.otherwise, dot);
    for (const [key, item] of items) {
      try {
        this.#scoped(() => {
          const values = variables.length > 1 ? [key, item] : [item];
          for (const [index, name] of variables.entries()) this.#setVariable(name, values[index], assigns);
          this.#walk(node.body, item);
        });
      } catch (thrown) {
        if (!(thrown instanceof LoopControl)) throw thrown;
        if (thrown.kind === "break") return;
      }
    }
  }

  #items(value: Value, variables: number): [Value, Value][] {
    if (isList(value)) return value.map((item, index) => [index, item]);
    if (isMap(value)) return sortedKeys(value).map((key) => [key, value[key]]);
    if (value === null || value === undefined) return [];
    if (typeof value !== "number") throw this.#error(`range can't iterate over ${display(value)}`);
    if (variables > 1) throw this.#error(`can't use ${value} to iterate over more than one variable`);
    return Array.from({ length: Math.max(0, value) }, (_, index) => [index, index]);
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    const value = this.#commands(pipe, dot);
    for (const name of pipe.variables) this.#setVariable(name, value, pipe.assigns);
    return value;
  }

  #commands(pipe: Pipe, dot: Value): Value {
    this.#place = pipe;
    let piped: readonly Value[] = [];
    for (const call of pipe.commands) piped = [this.#call(call, dot, piped)];
    return piped[0];
  }

  #setVariable(name: string, value: Value, assigns: boolean): void {
    if (!assigns) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast((each) => each.name === name);
    if (!variable) throw this.#error(`undefined variable: ${name}`);
    variable.value = value;
  }

  #call(call: Call, dot: Value, piped: readonly Value[]): Value {
    const [first, ...operands] = call.operands;
    if (!first) return undefined;
    if (first.kind === "nil") {
      this.#place = first;
      throw this.#error("nil is not a command");
    }
    return this.#operand(first, dot, { operands, piped, dot }, call);
  }

  /** @param whole what a failing function's message points at */
  #operand(operand: Operand, dot: Value, args: Arguments = noArguments, whole: Place = operand): Value {
    if (operand.kind !== "pipe") this.#place = operand;
    switch (operand.kind) {
      case "field":
        return this.#fields(dot, operand.names, args);
      case "chain":
        this.#refuseNil(operand.start, operand.source);
        return this.#fields(this.#operand(operand.start, dot), operand.names, args);
      case "function": {
        const called = this.#world.options.functions[operand.name];
        return called && this.#invoke(called, operand.name, args, whole);
      }
      case "variable": {
        const value = this.#variables.findLast((each) => each.name === operand.name)?.value;
        if (operand.names.length > 0) return this.#fields(value, operand.names, args);
        this.#refuseArguments(operand, args);
        return value;
      }
      default:
        this.#refuseArguments(operand, args);
        return this.#plain(operand, dot);
    }
  }

  #plain(
    operand: Extract<Operand, { kind: "dot" | "nil" | "string" | "bool" | "number" | "pipe" }>,
    dot: Value,
  ): Value {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return undefined;
      case "number":
        return operand.isFloat ? new GoFloat(operand.value) : operand.value;
      case "pipe":
        return this.#pipe(operand.pipe, dot);
      default:
        return operand.value;
    }
  }

  #refuseNil(start: Operand, source: string): void {
    if (start.kind === "nil") throw this.#error(`indirection through explicit nil in ${source}`);
  }

  #refuseArguments(first: Operand, { operands, piped }: Arguments): void {
    if (operands.length + piped.length === 0) return;
    throw this.#error(`can't give argument to non-function ${first.source}`);
  }

  #fields(start: Value, names: readonly string[], args: Arguments): Value {
    return names.reduce<Value>(
      (value, name, index) => this.#field(value, name, index, index === names.length - 1 ? args : noArguments),
      start,
    );
  }

  #field(value: Value, name: string, index: number, args: Arguments): Value {
    const isStrict = this.#world.options.missingKeyIsError ?? false;
    if (value === undefined) {
      if (isStrict) throw this.#error(`nil data; no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    if (value === null) throw this.#error(`nil pointer evaluating interface {}.${name}`);
    const hasArguments = args.operands.length + args.piped.length > 0;
    if (value instanceof Struct && value.has(name)) {
      const found = value.get(name);
      if (found instanceof GoFunction) return this.#invoke(found, name, args, this.#place);
      if (hasArguments) throw this.#error(`${name} has arguments but cannot be invoked as function`);
      return found;
    }
    if (isMap(value)) {
      if (hasArguments) throw this.#error(`${name} is not a method but has arguments`);
      if (Object.hasOwn(value, name)) return value[name];
      if (isStrict) throw this.#error(`map has no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    // What a map of anything holds has the type of anything.
    const type = isStrict && index > 0 ? "interface {}" : typeName(value);
    throw this.#error(`can't evaluate field ${name} in type ${type}`);
  }

  #invoke(called: GoFunction, name: string, args: Arguments, whole: Place): Value {
    const { parameters, isVariadic } = called;
    const given = args.operands.length + args.piped.length;
    if (isVariadic ? given < parameters.length : given !== parameters.length) {
      const wanted = isVariadic ? `at least ${parameters.length}` : parameters.length;
      const got = isVariadic ? args.operands.length : given;
      throw this.#error(`wrong number of args for ${name}: want ${wanted} got ${got}`);
    }
    const values: Value[] = [];
    for (const [index, operand] of args.operands.entries()) {
      const value = this.#argument(called, index, operand, args.dot);
      // `and` and `or` stop at the argument that decides.
      if ((name === "and" && !isTrue(value)) || (name === "or" && isTrue(value))) return value;
      values.push(value);
    }
    for (const value of args.piped) values.push(this.#checked(called, values.length, value));
    try {
      return called.call(...values);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      this.#place = whole;
      throw this.#error(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #argument(called: GoFunction, index: number, operand: Operand, dot: Value): Value {
    this.#place = operand;
    const value = this.#operand(operand, dot);
    return this.#checked(called, index, value, operand);
  }

  #checked({ parameters }: GoFunction, index: number, value: Value, operand?: Operand): Value {
    try {
      return checkArgument(parameters[index] ?? "any", value, operand);
    } catch (error) {
      throw error instanceof ArgumentError ? this.#error(error.message) : error;
    }
  }

  #error(text: string): TemplateError {
    const { source, at } = this.#place;
    const name = JSON.stringify(this.#name);
    return new TemplateError(`template: :${at.line}:${at.column}: executing ${name} at <${source}>: ${text}`);
  }
}
