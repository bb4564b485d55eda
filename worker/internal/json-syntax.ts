/**
 * Why a text is not JSON, in the words of Go's encoding/json: `invalid character 'x' looking for beginning of value`.
 * Undefined when it is.
 */
export function jsonSyntaxError(text: string): string | undefined {
  try {
    new Scanner(text).scan();
    return undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

/** The text of the first value, where others follow it. Undefined when it is no JSON value. */
export function firstJsonValue(text: string): string | undefined {
  try {
    return text.slice(0, new Scanner(text).first());
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

class JsonSyntaxError extends Error {}

const literals = new Map(["true", "false", "null"].map((word) => [word.charAt(0), word]));

/** Walks over one JSON value (RFC 8259) without recursion: what is nested too deep is the parser's to refuse. */
class Scanner {
  readonly #text: string;
  #at = 0;
  /** The closing brackets that are still to come. */
  readonly #open: ("}" | "]")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Answers where the first value ends. */
  first(): number {
    let whole = this.#value();
    while (!whole || this.#open.length > 0) whole = whole ? this.#next() : this.#value();
    return this.#at;
  }

  scan(): void {
    this.first();
    if (this.#peek() !== undefined) this.#fail("after top-level value");
  }

  /** One value, or the beginning of one. Answers whether it is whole. */
  #value(): boolean {
    const first = this.#peek();
    if (first === "{" || first === "[") return this.#opened(first);
    if (first === '"') this.#string();
    else if (first !== undefined && /[-\d]/.test(first)) this.#number();
    else if (first !== undefined && literals.has(first)) this.#literal(literals.get(first) ?? "");
    else this.#fail("looking for beginning of value");
    return true;
  }

  #opened(bracket: "{" | "["): boolean {
    this.#at++;
    const close = bracket === "{" ? "}" : "]";
    if (this.#peek() === close) {
      this.#at++;
      return true;
    }
    this.#open.push(close);
    if (close === "}") this.#key();
    return false;
  }

  /** What follows a value in an object or array. Answers whether that is whole now. */
  #next(): boolean {
    const close = this.#open.at(-1);
    const char = this.#peek();
    if (char !== "," && char !== close) {
      this.#fail(close === "}" ? "after object key:value pair" : "after array element");
    }
    this.#at++;
    if (char === close) this.#open.pop();
    else if (close === "}") this.#key();
    return char === close;
  }

  #key(): void {
    if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
    this.#string();
    if (this.#peek() !== ":") this.#fail("after object key");
    this.#at++;
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char < " ") this.#fail("in string");
      if (char === "\\") this.#escape();
      else this.#at++;
      if (char === '"') return;
    }
  }

  #escape(): void {
    const length = this.#text[this.#at + 1] === "u" ? 6 : 2;
    const sequence = this.#text.slice(this.#at, this.#at + length);
    if (sequence.length < length) throw new JsonSyntaxError("unexpected EOF");
    if (!/^\\(?:["\\/bfnrt]|u[\da-fA-F]{4})$/.test(sequence)) {
      throw new JsonSyntaxError(`invalid escape sequence \`${sequence}\` in string`);
    }
    this.#at += length;
  }

  #number(): void {
    if (this.#text[this.#at] === "-") this.#at++;
    if (this.#text[this.#at] === "0") this.#at++;
    else this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at++;
      this.#digits();
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at++;
      if (/[-+]/.test(this.#text[this.#at] ?? "")) this.#at++;
      this.#digits();
    }
  }

  #digits(): void {
    const from = this.#at;
    while (/\d/.test(this.#text[this.#at] ?? "")) this.#at++;
    if (this.#at === from) this.#fail("in numeric literal");
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) this.#fail(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
  }

  /** The next character that is not blank. */
  #peek(): string | undefined {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at];
  }

  #fail(where: string): never {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new JsonSyntaxError("unexpected EOF");
    throw new JsonSyntaxError(`invalid character ${quoted(String.fromCodePoint(code))} ${where}`);
  }
}

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** As Go quotes a character. */
function quoted(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  const special = escapes[char];
  if (special) return `'${special}'`;
  if (char === " " || !/[\p{C}\p{Z}]/u.test(char)) return `'${char}'`;
  if (code < 0x80) return `'\\x${hex(2)}'`;
  return code > 0xffff ? `'\\U${hex(8)}'` : `'\\u${hex(4)}'`;
}
