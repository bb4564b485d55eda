import type { Position } from "./nodes.ts";

export type TokenKind =
  | "text"
  | "open"
  | "close"
  | "space"
  | "identifier"
  | "keyword"
  | "bool"
  | "field"
  | "variable"
  | "dot"
  | "string"
  | "char"
  | "number"
  | "declare"
  | "assign"
  | "pipe"
  | "("
  | ")"
  | "punctuation"
  | "error"
  | "end";

/** A piece of a template. Of an `error` the text is the message; nothing follows it. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: Position;
}

const keywords = new Set("block break continue define else end if nil range template with".split(" "));

/** Cuts a template into text, `{{`, `}}` and what stands between them; `{{-` and `-}}` trim, comments are dropped. */
export function lex(template: string): Token[] {
  return new Lexer(template).tokens();
}

const numberPattern =
  /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[bB][01_]*\.?[01_]*|0[oO][0-7_]*\.?[0-7_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;

/** What begins with a character of its own: the pattern of all of it, and what is wrong when it does not match. */
const quoted: Readonly<Record<string, readonly [RegExp, TokenKind, string]>> = {
  '"': [/"(?:[^"\\\n]|\\[^\n])*"/y, "string", "unterminated quoted string"],
  "`": [/`[^`]*`/y, "string", "unterminated raw quoted string"],
  "'": [/'(?:[^'\\\n]|\\[^\n])*'/y, "char", "unterminated character constant"],
};

const single: Readonly<Record<string, TokenKind>> = { "=": "assign", "|": "pipe", "(": "(", ")": ")" };

class Lexer {
  readonly #input: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #depth = 0;
  #trimsNext = false;
  // How far lines were counted.
  #line = 1;
  #lineStart = 0;
  #counted = 0;

  constructor(input: string) {
    this.#input = input;
  }

  tokens(): Token[] {
    while (this.#text()) {
      if (!this.#comment() && !this.#action()) break;
    }
    if (this.#tokens.at(-1)?.kind !== "error") this.#push("end", "");
    return this.#tokens;
  }

  /** @returns whether an action follows */
  #text(): boolean {
    const open = this.#input.indexOf("{{", this.#at);
    const end = open < 0 ? this.#input.length : open;
    const trims = open >= 0 && /^-\s/.test(this.#input.slice(open + 2, open + 4));
    let text = this.#input.slice(this.#at, end);
    if (this.#trimsNext) text = text.trimStart();
    if (trims) text = text.trimEnd();
    if (text !== "") this.#push("text", text);
    this.#trimsNext = false;
    this.#at = open < 0 ? end : end + 2 + (trims ? 2 : 0);
    return open >= 0;
  }

  #comment(): boolean {
    if (!this.#input.startsWith("/*", this.#at)) return false;
    const end = this.#input.indexOf("*/", this.#at);
    if (end < 0) return this.#fail("unclosed comment");
    this.#at = end + 2;
    if (!this.#close()) return this.#fail("comment ends before closing delimiter");
    return true;
  }

  /** Passes `}}` or ` -}}`. */
  #close(): boolean {
    const trimmed = /^\s-\}\}/.test(this.#input.slice(this.#at, this.#at + 4));
    if (!trimmed && !this.#input.startsWith("}}", this.#at)) return false;
    this.#at += trimmed ? 4 : 2;
    this.#trimsNext = trimmed;
    return true;
  }

  #action(): boolean {
    this.#push("open", "{{");
    this.#depth = 0;
    for (;;) {
      const start = this.#at;
      if (this.#close()) {
        if (this.#depth > 0) return this.#fail("unclosed left paren");
        this.#push("close", "}}", start);
        return true;
      }
      if (this.#at >= this.#input.length) return this.#fail("unclosed action");
      if (!this.#piece(this.#input[this.#at] ?? "")) return false;
    }
  }

  #piece(char: string): boolean {
    if (/\s/.test(char)) return this.#space();
    const quote = quoted[char];
    if (quote) return this.#take(quote[0], quote[1]) || this.#fail(quote[2]);
    if (char === ":") return this.#take(/:=/y, "declare") || this.#fail("expected :=");
    if (char === "$") return this.#word("variable");
    if (char === "." && !/[0-9]/.test(this.#input[this.#at + 1] ?? "")) return this.#word("field");
    if (/[.+\-0-9]/.test(char)) return this.#number();
    if (/[\p{L}\p{N}_]/u.test(this.#codePoint())) return this.#word("identifier");
    if (char === ")" && this.#depth === 0) return this.#fail("unexpected right paren");
    if (char === "(") this.#depth += 1;
    if (char === ")") this.#depth -= 1;
    if (!/[ -~]/.test(char)) return this.#fail(`unrecognized character in action: ${unicode(this.#codePoint())}`);
    return this.#take(/[ -~]/y, single[char] ?? "punctuation");
  }

  /** White space, without the one that belongs to a `-}}`. */
  #space(): boolean {
    const start = this.#at;
    while (/\s/.test(this.#input[this.#at] ?? "")) this.#at += 1;
    if (this.#input.startsWith("-}}", this.#at)) this.#at -= 1;
    if (this.#at > start) this.#push("space", this.#input.slice(start, this.#at), start);
    return true;
  }

  #word(kind: "variable" | "field" | "identifier"): boolean {
    const start = this.#at;
    this.#at += 1;
    const rest = /[\p{L}\p{N}_]*/uy;
    rest.lastIndex = kind === "identifier" ? start : this.#at;
    this.#at = rest.lastIndex + (rest.exec(this.#input)?.[0].length ?? 0);
    const text = this.#input.slice(start, this.#at);
    if (!this.#atTerminator()) return this.#fail(`bad character ${unicode(this.#codePoint())}`);
    let found: TokenKind = text === "." ? "dot" : kind;
    if (kind === "identifier" && keywords.has(text)) found = "keyword";
    if (text === "true" || text === "false") found = "bool";
    this.#push(found, text, start);
    return true;
  }

  #number(): boolean {
    numberPattern.lastIndex = this.#at;
    const text = numberPattern.exec(this.#input)?.[0] ?? "";
    const next = String.fromCodePoint(this.#input.codePointAt(this.#at + text.length) ?? 32);
    if (/[\p{L}\p{N}_]/u.test(next)) return this.#fail(`bad number syntax: ${JSON.stringify(text + next)}`);
    this.#push("number", text, this.#at);
    this.#at += text.length;
    return true;
  }

  #atTerminator(): boolean {
    const char = this.#input[this.#at] ?? "";
    return char === "" || /[\s.,|:()]/.test(char) || this.#input.startsWith("}}", this.#at);
  }

  #codePoint(): string {
    return String.fromCodePoint(this.#input.codePointAt(this.#at) ?? 0);
  }

  /** @param pattern is sticky */
  #take(pattern: RegExp, kind: TokenKind): boolean {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#input);
    if (!match) return false;
    this.#push(kind, match[0], this.#at);
    this.#at += match[0].length;
    return true;
  }

  #fail(message: string): false {
    this.#push("error", message);
    return false;
  }

  #push(kind: TokenKind, text: string, start = this.#at): void {
    for (let next = this.#input.indexOf("\n", this.#counted); next >= 0 && next < start; ) {
      this.#line += 1;
      this.#lineStart = next + 1;
      this.#counted = next + 1;
      next = this.#input.indexOf("\n", this.#counted);
    }
    const column = new TextEncoder().encode(this.#input.slice(this.#lineStart, start)).length;
    this.#tokens.push({ kind, text, at: { line: this.#line, column } });
  }
}

/** Go's %#U. */
function unicode(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code} '${char}'`;
}
