import { lex, type Token, type TokenKind } from "./lexer.ts";
import { unquote } from "./literals.ts";
import { type Node, TemplateError, type TemplateSet } from "./nodes.ts";
import { PipeParser, type TokenSource } from "./pipe-parser.ts";

/**
 * Parses a template and what it defines.
 * @param functions names that may be called
 * @throws TemplateError
 */
export function parseTemplate(template: string, functions: ReadonlySet<string>): TemplateSet {
  return new TemplateParser(lex(template), functions).parse();
}

const controls = ["if", "with", "range"] as const;
type Control = (typeof controls)[number];

/** What ends a list of nodes. */
type BlockEnd = "end" | "else" | "";

class TemplateParser {
  readonly #tokens: TokenSource;
  readonly #functions: ReadonlySet<string>;
  readonly #templates = new Map<string, readonly Node[]>();
  #variables: string[] = ["$"];
  #loops = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = new Tokens(tokens);
    this.#functions = functions;
  }

  parse(): TemplateSet {
    const nodes: Node[] = [];
    while (this.#tokens.peek().kind !== "end") {
      if (this.#startsDefinition()) {
        this.#definition();
        continue;
      }
      const { node, end } = this.#textOrAction();
      if (end !== "") throw this.#tokens.error(`unexpected {{${end}}}`);
      if (node) nodes.push(node);
    }
    this.#templates.set("", nodes);
    return this.#templates;
  }

  #startsDefinition(): boolean {
    if (this.#tokens.peek().kind !== "open") return false;
    const open = this.#tokens.next();
    const word = this.#tokens.peekNonSpace();
    if (word.kind === "keyword" && word.text === "define") {
      this.#tokens.next();
      return true;
    }
    this.#tokens.back(open);
    return false;
  }

  /** `{{define "name"}}...{{end}}`: a template with variables of its own. */
  #definition(): void {
    const name = this.#templateName("define clause");
    this.#expect("close", "define clause");
    const variables = this.#variables;
    this.#variables = ["$"];
    this.#define(name, "define clause");
    this.#variables = variables;
  }

  /** Reads to the `{{end}}` what a name stands for. */
  #define(name: string, context: string): void {
    const { nodes, end } = this.#list();
    if (end === "else") throw this.#tokens.error(`unexpected {{else}} in ${context}`);
    this.#templates.set(name, nodes);
  }

  #templateName(context: string): string {
    const token = this.#tokens.nextNonSpace();
    if (token.kind !== "string") throw this.#tokens.unexpected(token, context);
    return this.#tokens.literal(() => unquote(token.text));
  }

  #list(): { nodes: Node[]; end: BlockEnd } {
    const nodes: Node[] = [];
    while (this.#tokens.peekNonSpace().kind !== "end") {
      const { node, end } = this.#textOrAction();
      if (end !== "") return { nodes, end };
      if (node) nodes.push(node);
    }
    throw this.#tokens.error("unexpected EOF");
  }

  #textOrAction(): { node?: Node; end: BlockEnd } {
    const token = this.#tokens.nextNonSpace();
    if (token.kind === "text") return { node: { kind: "text", text: token.text }, end: "" };
    if (token.kind !== "open") throw this.#tokens.unexpected(token, "input");
    const first = this.#tokens.nextNonSpace();
    if (first.kind !== "keyword") {
      this.#tokens.back(first);
      return { node: { kind: "action", pipe: this.#pipe("command") }, end: "" };
    }
    switch (first.text) {
      case "end":
        this.#expect("close", "end");
        return { end: "end" };
      case "else": {
        const next = this.#tokens.peekNonSpace();
        if (next.kind !== "keyword" || !["if", "with"].includes(next.text)) this.#expect("close", "else");
        return { end: "else" };
      }
      default:
        return { node: this.#keyword(first), end: "" };
    }
  }

  #keyword(token: Token): Node {
    const control = controls.find((each) => each === token.text);
    if (control) return this.#control(control);
    switch (token.text) {
      case "break":
      case "continue":
        this.#expect("close", `{{${token.text}}}`);
        if (this.#loops === 0) throw this.#tokens.error(`{{${token.text}}} outside {{range}}`);
        return { kind: token.text };
      case "template":
        return this.#template();
      case "block": {
        const { at } = this.#tokens.peekNonSpace();
        const name = this.#templateName("block clause");
        const pipe = this.#pipe("block clause");
        this.#define(name, "block clause");
        return { kind: "template", name, pipe, at, source: templateSource(name, pipe.source) };
      }
      default:
        this.#tokens.back(token);
        return { kind: "action", pipe: this.#pipe("command") };
    }
  }

  #template(): Node {
    const { at } = this.#tokens.peekNonSpace();
    const name = this.#templateName("template clause");
    const isBare = this.#tokens.peekNonSpace().kind === "close";
    const pipe = isBare ? undefined : this.#pipe("template clause");
    if (isBare) this.#tokens.next();
    return { kind: "template", name, pipe, at, source: templateSource(name, pipe?.source) };
  }

  #control(kind: Control): Node {
    const depth = this.#variables.length;
    const pipe = this.#pipe(kind);
    if (kind === "range") this.#loops += 1;
    const { nodes: body, end } = this.#list();
    if (kind === "range") this.#loops -= 1;
    const otherwise = end === "else" ? this.#otherwise(kind) : [];
    this.#variables.length = depth;
    return { kind, pipe, body, otherwise };
  }

  #otherwise(kind: Control): Node[] {
    const next = this.#tokens.peek();
    if (kind !== "range" && next.kind === "keyword" && next.text === kind) {
      this.#tokens.next();
      return [this.#control(kind)];
    }
    const { nodes, end } = this.#list();
    if (end === "else") throw this.#tokens.error("expected end; found {{else}}");
    return nodes;
  }

  #pipe(context: string) {
    return new PipeParser(this.#tokens, this.#functions, this.#variables).parse(context, "close");
  }

  #expect(kind: TokenKind, context: string): void {
    const token = this.#tokens.nextNonSpace();
    if (token.kind !== kind) throw this.#tokens.unexpected(token, context);
  }
}

function templateSource(name: string, pipe: string | undefined): string {
  return `{{template ${JSON.stringify(name)}${pipe === undefined ? "" : ` ${pipe}`}}}`;
}

/** The tokens, with the parser's own look ahead. */
class Tokens implements TokenSource {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Of the last token that was taken, for messages. */
  #line = 1;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (!token) throw new TemplateError("template: :1: unexpected EOF");
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#line = token.at.line;
    this.#at += 1;
    return token;
  }

  peekNonSpace(): Token {
    while (this.peek().kind === "space") this.next();
    return this.peek();
  }

  nextNonSpace(): Token {
    this.peekNonSpace();
    return this.next();
  }

  back(token: Token): void {
    this.#at = this.#tokens.indexOf(token);
  }

  literal<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.error(error instanceof Error ? error.message : String(error));
    }
  }

  unexpected(token: Token, context: string): TemplateError {
    if (token.kind === "error") return this.error(token.text);
    return this.error(`unexpected ${shown(token)} in ${context}`);
  }

  error(text: string): TemplateError {
    return new TemplateError(`template: :${this.#line}: ${text}`);
  }
}

function shown({ kind, text }: Token): string {
  if (kind === "end") return "EOF";
  if (kind === "keyword" || kind === "dot") return `<${text}>`;
  return text.length > 10 ? `${JSON.stringify([...text].slice(0, 10).join(""))}...` : JSON.stringify(text);
}
