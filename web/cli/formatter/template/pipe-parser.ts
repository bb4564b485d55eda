import type { Token, TokenKind } from "./lexer.ts";
import { characterCode, numberValue, unquote } from "./literals.ts";
import type { Call, Operand, Pipe, TemplateError } from "./nodes.ts";

/** The tokens of a template, one after the other. */
export interface TokenSource {
  peek(): Token;
  next(): Token;
  peekNonSpace(): Token;
  nextNonSpace(): Token;
  /** Goes back to a token that was taken. */
  back(token: Token): void;
  /** Reads a literal, whose failure becomes the template's. */
  literal<T>(read: () => T): T;
  unexpected(token: Token, context: string): TemplateError;
  error(text: string): TemplateError;
}

const operandKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "char",
  "dot",
  "field",
  "identifier",
  "number",
  "string",
  "variable",
  "(",
]);

function startsOperand({ kind, text }: Token): boolean {
  return operandKinds.has(kind) || (kind === "keyword" && text === "nil");
}

/** Parses what stands in an action or in parentheses: `$x := .Names | upper | printf "%s!"`. */
export class PipeParser {
  readonly #tokens: TokenSource;
  readonly #functions: ReadonlySet<string>;
  readonly #variables: string[];

  /** @param variables those in scope; what is declared is added */
  constructor(tokens: TokenSource, functions: ReadonlySet<string>, variables: string[]) {
    this.#tokens = tokens;
    this.#functions = functions;
    this.#variables = variables;
  }

  /**
   * @param context what it is part of, for messages
   * @param end the token behind it, which is taken
   */
  parse(context: string, end: "close" | ")"): Pipe {
    const { at } = this.#tokens.peekNonSpace();
    const { variables, operator } = this.#declarations(context);
    const commands: Call[] = [];
    for (;;) {
      const token = this.#tokens.nextNonSpace();
      if (token.kind === end) break;
      if (!startsOperand(token)) throw this.#tokens.unexpected(token, context);
      this.#tokens.back(token);
      commands.push(this.#command());
    }
    this.#check(commands, context);
    const calls = commands.map((call) => call.source).join(" | ");
    const source = variables.length > 0 ? `${variables.join(", ")} ${operator} ${calls}` : calls;
    return { variables, assigns: operator === "=", commands, source, at };
  }

  #declarations(context: string): { variables: string[]; operator: string } {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#tokens.peekNonSpace();
      if (variable.kind !== "variable") return { variables, operator: "" };
      this.#tokens.next();
      const next = this.#tokens.peekNonSpace();
      const isComma = next.kind === "punctuation" && next.text === ",";
      if (next.kind !== "declare" && next.kind !== "assign" && !isComma) {
        this.#tokens.back(variable);
        return { variables, operator: "" };
      }
      this.#tokens.next();
      variables.push(variable.text);
      this.#variables.push(variable.text);
      if (!isComma) return { variables, operator: next.text };
      if (context !== "range" || variables.length > 1) throw this.#tokens.error(`too many declarations in ${context}`);
      if (!["variable", "close", ")"].includes(this.#tokens.peekNonSpace().kind)) {
        throw this.#tokens.error("range can only initialize variables");
      }
    }
  }

  /** Only the first command may be a plain value: what follows a `|` takes what stands before it. */
  #check(commands: readonly Call[], context: string): void {
    if (commands.length === 0) throw this.#tokens.error(`missing value for ${context}`);
    const executable = ["function", "field", "variable", "pipe", "chain"];
    const bad = commands.findIndex(({ operands }, at) => at > 0 && !executable.includes(operands[0]?.kind ?? ""));
    if (bad > 0) throw this.#tokens.error(`non executable command in pipeline stage ${bad + 1}`);
  }

  #command(): Call {
    const { at } = this.#tokens.peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.#tokens.peekNonSpace();
      const operand = this.#operand();
      if (operand) operands.push(operand);
      const token = this.#tokens.next();
      if (token.kind === "space") continue;
      if (token.kind === "close" || token.kind === ")") this.#tokens.back(token);
      else if (token.kind !== "pipe") throw this.#tokens.unexpected(token, "operand");
      break;
    }
    if (operands.length === 0) throw this.#tokens.error("empty command");
    return { operands, source: operands.map((operand) => operand.source).join(" "), at };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    const { kind, at } = this.#tokens.peek();
    if (!term || kind !== "field") return term;
    const names: string[] = [];
    while (this.#tokens.peek().kind === "field") names.push(this.#tokens.next().text.slice(1));
    const source = `${term.source}.${names.join(".")}`;
    switch (term.kind) {
      case "field":
      case "variable":
        return { ...term, names: [...term.names, ...names], source, at };
      case "pipe":
      case "function":
        return { kind: "chain", start: term, names, source, at };
      default:
        throw this.#tokens.error(`unexpected . after term ${JSON.stringify(term.source)}`);
    }
  }

  #term(): Operand | undefined {
    const token = this.#tokens.nextNonSpace();
    const { text: source, at } = token;
    switch (token.kind) {
      case "identifier":
        if (!this.#functions.has(source)) {
          throw this.#tokens.error(`function ${JSON.stringify(source)} not defined`);
        }
        return { kind: "function", name: source, source, at };
      case "dot":
        return { kind: "dot", source, at };
      case "variable":
        if (!this.#variables.includes(source)) {
          throw this.#tokens.error(`undefined variable ${JSON.stringify(source)}`);
        }
        return { kind: "variable", name: source, names: [], source, at };
      case "field":
        return { kind: "field", names: [source.slice(1)], source, at };
      case "bool":
        return { kind: "bool", value: source === "true", source, at };
      case "string":
        return { kind: "string", value: this.#tokens.literal(() => unquote(source)), source, at };
      case "char":
        return {
          kind: "number",
          value: this.#tokens.literal(() => characterCode(source)),
          isFloat: false,
          source,
          at,
        };
      case "number":
        return { kind: "number", ...this.#tokens.literal(() => numberValue(source)), source, at };
      case "(": {
        const pipe = this.parse("parenthesized pipeline", ")");
        return { kind: "pipe", pipe, source: `(${pipe.source})`, at: pipe.at };
      }
      default:
        this.#tokens.back(token);
        if (token.kind !== "keyword" || source !== "nil") return undefined;
        this.#tokens.next();
        return { kind: "nil", source, at };
    }
  }
}
