import { lex, type Part, type Token } from "./lexer.ts";
import { type Call, type Node, type Operand, type Pipe, TemplateError } from "./nodes.ts";

/**
 * Parses a template.
 * @param functions names that may be called
 * @throws TemplateError
 */
export function parseTemplate(template: string, functions: ReadonlySet<string>): readonly Node[] {
  const blocks = new BlockParser(lex(template), functions);
  const { nodes, end } = blocks.list();
  if (end) throw new TemplateError(`template: :${blocks.line}: unexpected {{${end}}}`);
  return nodes;
}

type BlockEnd = "end" | "else" | "";

class BlockParser {
  readonly #parts: readonly Part[];
  readonly #functions: ReadonlySet<string>;
  readonly #variables: string[] = ["$"];
  #next = 0;
  /** Rest of an `{{else if ...}}`. */
  #elseTokens: readonly Token[] = [];
  #loops = 0;
  line = 1;

  constructor(parts: readonly Part[], functions: ReadonlySet<string>) {
    this.#parts = parts;
    this.#functions = functions;
  }

  list(): { nodes: Node[]; end: BlockEnd } {
    const nodes: Node[] = [];
    for (let part = this.#parts[this.#next++]; part; part = this.#parts[this.#next++]) {
      if (part.kind === "text") {
        nodes.push(part);
        continue;
      }
      this.line = part.line;
      const [first, ...rest] = part.tokens;
      if (!first) throw this.#error("missing value for command");
      if (first.kind === "word" && first.text === "end") return { nodes, end: "end" };
      if (first.kind === "word" && first.text === "else") {
        this.#elseTokens = rest;
        return { nodes, end: "else" };
      }
      nodes.push(this.#action(first, part.tokens));
    }
    return { nodes, end: "" };
  }

  #action(first: Token, tokens: readonly Token[]): Node {
    if (first.kind === "word") {
      switch (first.text) {
        case "if":
        case "with":
        case "range":
          return this.#block(first.text, tokens.slice(1));
        case "break":
        case "continue":
          if (this.#loops === 0) throw this.#error(`{{${first.text}}} outside {{range}}`);
          return { kind: first.text };
        case "define":
        case "template":
        case "block":
          throw this.#error(`unexpected <${first.text}> in command`);
      }
    }
    return { kind: "action", pipe: this.#pipe(tokens, "command") };
  }

  #block(kind: "if" | "with" | "range", tokens: readonly Token[]): Node {
    const depth = this.#variables.length;
    const pipe = this.#pipe(tokens, kind);
    if (kind === "range") this.#loops += 1;
    const { nodes: body, end } = this.list();
    if (kind === "range") this.#loops -= 1;
    if (end === "") throw this.#error("unexpected EOF");
    let otherwise: Node[] = [];
    if (end === "else") otherwise = this.#otherwise(kind);
    this.#variables.length = depth;
    return { kind, pipe, body, otherwise };
  }

  #otherwise(kind: "if" | "with" | "range"): Node[] {
    const [word, ...rest] = this.#elseTokens;
    if (word) {
      if (word.text !== kind || kind === "range") throw this.#error(`unexpected <${word.text}> in else`);
      return [this.#block(kind, rest)];
    }
    const { nodes, end } = this.list();
    if (end === "") throw this.#error("unexpected EOF");
    if (end === "else") throw this.#error("unexpected {{else}}");
    return nodes;
  }

  #pipe(tokens: readonly Token[], context: string): Pipe {
    return new PipeParser(tokens, this.#functions, this.#variables, this.line).parse(context);
  }

  #error(text: string): TemplateError {
    return new TemplateError(`template: :${this.line}: ${text}`);
  }
}

class PipeParser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #variables: string[];
  readonly #line: number;
  #at = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>, variables: string[], line: number) {
    this.#tokens = tokens;
    this.#functions = functions;
    this.#variables = variables;
    this.#line = line;
  }

  parse(context: string): Pipe {
    const declaration = this.#declaration(context);
    const pipe = this.#commands(context);
    if (this.#at < this.#tokens.length) throw this.#unexpected(context);
    this.#variables.push(...(declaration.assigns ? [] : declaration.variables));
    return { ...declaration, commands: pipe };
  }

  /** `$x :=`, `$x =`, and `$i, $x :=` of a range. */
  #declaration(context: string): { variables: string[]; assigns: boolean } {
    const words = this.#tokens.map((token) => token.text);
    const isVariable = (index: number) => this.#tokens[index]?.kind === "variable";
    const operator = (index: number) => words[index] === ":=" || words[index] === "=";
    let count = 0;
    if (isVariable(0) && operator(1)) count = 1;
    else if (isVariable(0) && words[1] === "," && isVariable(2) && operator(3)) count = 2;
    if (count === 0) return { variables: [], assigns: false };
    if (count === 2 && context !== "range") throw this.#error(`too many declarations in ${context}`);
    this.#at = count * 2;
    return {
      variables: words.slice(0, this.#at).filter((word) => word.startsWith("$")),
      assigns: words[this.#at - 1] === "=",
    };
  }

  #commands(context: string): Call[] {
    const calls: Call[] = [];
    for (;;) {
      const call = this.#call(context);
      if (!call) throw this.#error(`missing value for ${context}`);
      if (calls.length > 0 && !["function", "field", "variable", "pipe"].includes(call.operands[0]?.kind ?? "")) {
        throw this.#error(`non executable command in pipeline stage ${calls.length + 1}`);
      }
      calls.push(call);
      if (this.#tokens[this.#at]?.text !== "|") return calls;
      this.#at += 1;
    }
  }

  #call(context: string): Call | undefined {
    const operands: Operand[] = [];
    for (let operand = this.#operand(context); operand; operand = this.#operand(context)) operands.push(operand);
    const [first] = operands;
    if (!first) return undefined;
    return { operands, source: operands.map((operand) => operand.source).join(" "), at: first.at };
  }

  #operand(context: string): Operand | undefined {
    const token = this.#tokens[this.#at];
    if (!token || ["|", ")"].includes(token.text)) return undefined;
    this.#at += 1;
    const { at } = token;
    if (token.text === "(" && token.kind === "punctuation") return this.#parenthesized(token, context);
    switch (token.kind) {
      case "dot":
        return { kind: "dot", source: ".", at };
      case "field": {
        const names = [token.text.slice(1), ...this.#fieldChain()];
        return { kind: "field", names, source: `.${names.join(".")}`, at };
      }
      case "variable": {
        if (!this.#variables.includes(token.text))
          throw this.#error(`undefined variable ${JSON.stringify(token.text)}`);
        const names = this.#fieldChain();
        return { kind: "variable", name: token.text, names, source: [token.text, ...names].join("."), at };
      }
      case "word":
        return this.#word(token);
      case "string":
      case "char":
      case "number":
        return { kind: "literal", value: literal(token), source: token.text, at };
      default:
        this.#at -= 1;
        throw this.#unexpected(context);
    }
  }

  #parenthesized(token: Token, context: string): Operand {
    const commands = this.#commands(context);
    if (this.#tokens[this.#at]?.text !== ")") throw this.#error("unclosed left paren");
    this.#at += 1;
    const names = this.#fieldChain();
    const inner = `(${commands.map((call) => call.source).join(" | ")})`;
    return {
      kind: "pipe",
      pipe: { variables: [], assigns: false, commands },
      names,
      source: [inner, ...names].join("."),
      at: token.at,
    };
  }

  #word(token: Token): Operand {
    const { text: source, at } = token;
    if (source === "true" || source === "false") return { kind: "literal", value: source === "true", source, at };
    if (source === "nil") return { kind: "nil", source, at };
    if (!this.#functions.has(source)) throw this.#error(`function ${JSON.stringify(source)} not defined`);
    return { kind: "function", name: source, source, at };
  }

  #fieldChain(): string[] {
    const names: string[] = [];
    for (
      let next = this.#tokens[this.#at];
      next?.kind === "field" && !next.spaceBefore;
      next = this.#tokens[this.#at]
    ) {
      names.push(next.text.slice(1));
      this.#at += 1;
    }
    return names;
  }

  #unexpected(context: string): TemplateError {
    const token = this.#tokens[this.#at];
    if (token?.text === ")") return this.#error("unexpected right paren");
    return this.#error(`unexpected <${token?.text ?? ""}> in ${context}`);
  }

  #error(text: string): TemplateError {
    return new TemplateError(`template: :${this.#line}: ${text}`);
  }
}

function literal(token: Token): string | number {
  if (token.kind === "number") return Number(token.text.replaceAll("_", ""));
  if (token.text.startsWith("`")) return token.text.slice(1, -1);
  const text = unquote(token.text.slice(1, -1));
  return token.kind === "char" ? (text.codePointAt(0) ?? 0) : text;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
};

function unquote(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (_, code: string) =>
    code.length > 1 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
  );
}
