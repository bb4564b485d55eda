/** More states are refused: a client's pattern must not take the engine's memory. */
const mostStates = 10_000;
const mostRepeats = 1000;

type CharTest = (char: string) => boolean;
type State =
  | { readonly kind: "char"; readonly test: CharTest }
  | { readonly kind: "assert"; readonly holds: (before: string | undefined, after: string | undefined) => boolean }
  /** Goes on at each of the states, by their distance from this one. */
  | { readonly kind: "jump"; readonly to: readonly number[] };

/** A piece of the machine: it is entered at its first state and left past its last. */
type Piece = readonly State[];

const digit: CharTest = (char) => /[0-9]/.test(char);
const word: CharTest = (char) => /[0-9A-Za-z_]/.test(char);
const space: CharTest = (char) => /[\t\n\f\r ]/.test(char);
const not =
  (test: CharTest): CharTest =>
  (char) =>
    !test(char);
const classes: Readonly<Record<string, CharTest>> = {
  ...{ d: digit, w: word, s: space },
  ...{ D: not(digit), W: not(word), S: not(space) },
};
const controls: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f", v: "\v", a: "\x07" };
const isWord = (char: string | undefined) => char !== undefined && word(char);
const assertions: Readonly<Record<string, (before: string | undefined, after: string | undefined) => boolean>> = {
  A: (before) => before === undefined,
  z: (_, after) => after === undefined,
  b: (before, after) => isWord(before) !== isWord(after),
  B: (before, after) => isWord(before) === isWord(after),
};

/**
 * Compiles a regular expression of a client, in what is common of Go's syntax (RE2), to a test of whether a text holds a match. It runs
 * in time proportional to the text, whatever the pattern: unlike JavaScript's it never tries a text again. Throws `SyntaxError`.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const program = new PatternParser(pattern).parse();
  return (text) => run(program, [...text]);
}

class PatternParser {
  readonly #chars: readonly string[];
  #at = 0;
  #ignoresCase = false;

  constructor(pattern: string) {
    this.#chars = [...pattern];
  }

  parse(): Piece {
    const piece = this.#alternatives();
    if (this.#at < this.#chars.length) throw new SyntaxError("unexpected )");
    return piece;
  }

  #alternatives(): Piece {
    let piece = this.#sequence();
    while (this.#take("|")) {
      const other = this.#sequence();
      piece = bounded([fork(1, piece.length + 2), ...piece, fork(other.length + 1), ...other]);
    }
    return piece;
  }

  #sequence(): Piece {
    let piece: Piece = [];
    for (let next = this.#chars[this.#at]; next !== undefined && next !== "|" && next !== ")"; ) {
      piece = bounded([...piece, ...this.#repeated()]);
      next = this.#chars[this.#at];
    }
    return piece;
  }

  #repeated(): Piece {
    let piece = this.#atom();
    for (;;) {
      if (this.#take("*")) piece = [fork(1, piece.length + 2), ...piece, fork(-piece.length - 1)];
      else if (this.#take("+")) piece = [...piece, fork(-piece.length, 1)];
      else if (this.#take("?")) piece = optional(piece);
      else {
        const range = this.#range();
        if (!range) return piece;
        piece = repeat(piece, range[0], range[1]);
      }
      // Which of several matches is found does not matter: lazy and greedy are one.
      this.#take("?");
    }
  }

  /** `{2}`, `{2,}` or `{2,5}`. */
  #range(): readonly [number, number] | undefined {
    const match = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(""));
    if (!match) return undefined;
    const [text, least = "", comma, most = ""] = match;
    const from = Number(least);
    const to = comma === "" ? from : most === "" ? Number.POSITIVE_INFINITY : Number(most);
    if (from > mostRepeats || (to !== Number.POSITIVE_INFINITY && to > mostRepeats) || to < from) {
      throw new SyntaxError(`invalid repeat count: ${text}`);
    }
    this.#at += text.length;
    return [from, to];
  }

  #atom(): Piece {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return [{ kind: "char", test: this.#bracket() }];
      case ".":
        return [{ kind: "char", test: (other) => other !== "\n" }];
      case "^":
        return [{ kind: "assert", holds: (before) => before === undefined }];
      case "$":
        return [{ kind: "assert", holds: (_, after) => after === undefined }];
      case "*":
      case "+":
      case "?":
        throw new SyntaxError(`missing argument to repetition operator: ${char}`);
      case "\\":
        return [this.#escaped()];
      default:
        return [{ kind: "char", test: this.#literal(char) }];
    }
  }

  #group(): Piece {
    const head = /^\?(?::|P?<\w+>|i\)|i:)/.exec(this.#chars.slice(this.#at, this.#at + 64).join(""))?.[0] ?? "";
    if (head === "" && this.#chars[this.#at] === "?") throw new SyntaxError("invalid or unsupported Perl syntax: (?");
    this.#at += [...head].length;
    const outside = this.#ignoresCase;
    if (head.startsWith("?i")) this.#ignoresCase = true;
    if (head === "?i)") return [];
    const piece = this.#alternatives();
    if (!this.#take(")")) throw new SyntaxError("missing closing )");
    this.#ignoresCase = outside;
    return piece;
  }

  #escaped(): State {
    const char = this.#next("trailing backslash at end of expression");
    const holds = assertions[char];
    if (holds) return { kind: "assert", holds };
    return { kind: "char", test: classes[char] ?? this.#literal(this.#plain(char)) };
  }

  /** What stands for itself behind a backslash. */
  #plain(char: string): string {
    if (/[A-Za-z0-9]/.test(char) && controls[char] === undefined) {
      throw new SyntaxError(`invalid escape sequence: \\${char}`);
    }
    return controls[char] ?? char;
  }

  #bracket(): CharTest {
    const negated = this.#take("^");
    const tests: CharTest[] = [];
    for (let first = true; first || this.#chars[this.#at] !== "]"; first = false) {
      const from = this.#member();
      if (typeof from === "function") {
        tests.push(from);
        continue;
      }
      const ranged = this.#chars[this.#at] === "-" && this.#chars[this.#at + 1] !== "]";
      if (!ranged) {
        tests.push(this.#literal(from));
        continue;
      }
      this.#at++;
      const to = this.#member();
      if (typeof to === "function" || to < from) throw new SyntaxError(`invalid character class range: ${from}-`);
      const within: CharTest = (char) => char >= from && char <= to;
      tests.push(this.#ignoresCase ? (char) => within(char.toLowerCase()) || within(char.toUpperCase()) : within);
    }
    this.#at++;
    const any: CharTest = (char) => tests.some((test) => test(char));
    return negated ? not(any) : any;
  }

  #member(): string | CharTest {
    const missing = "missing closing ]";
    const char = this.#next(missing);
    if (char !== "\\") return char;
    const escaped = this.#next(missing);
    return classes[escaped] ?? this.#plain(escaped);
  }

  #literal(char: string): CharTest {
    if (!this.#ignoresCase) return (other) => other === char;
    return (other) => other.toLowerCase() === char.toLowerCase();
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #next(otherwise = "unexpected end of expression"): string {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw new SyntaxError(otherwise);
    return char;
  }
}

function fork(...to: number[]): State {
  return { kind: "jump", to };
}

function optional(piece: Piece): Piece {
  return [fork(1, piece.length + 1), ...piece];
}

function repeat(piece: Piece, from: number, to: number): Piece {
  const copies = to === Number.POSITIVE_INFINITY ? from + 1 : to;
  if (piece.length * copies > mostStates) throw new SyntaxError("expression nests too deeply");
  const needed = Array.from({ length: from }, () => piece).flat();
  if (to === Number.POSITIVE_INFINITY) return [...needed, fork(1, piece.length + 2), ...piece, fork(-piece.length - 1)];
  return [...needed, ...Array.from({ length: to - from }, () => optional(piece)).flat()];
}

function bounded(piece: Piece): Piece {
  if (piece.length > mostStates) throw new SyntaxError("expression is too large");
  return piece;
}

/** Follows all paths through the machine at once; a match may begin at every place. */
function run(program: Piece, text: readonly string[]): boolean {
  let current = new Set<number>();
  for (let at = 0; at <= text.length; at++) {
    const reached = reachable(program, [...current, 0], text[at - 1], text[at]);
    if (reached.has(program.length)) return true;
    const char = text[at];
    const next = new Set<number>();
    for (const index of reached) {
      const state = program[index];
      if (char !== undefined && state?.kind === "char" && state.test(char)) next.add(index + 1);
    }
    current = next;
  }
  return false;
}

/** The states that are come to without reading a character. */
function reachable(
  program: Piece,
  from: readonly number[],
  before: string | undefined,
  after: string | undefined,
): ReadonlySet<number> {
  const seen = new Set<number>();
  const pending = [...from];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const state = program[index];
    if (state?.kind === "jump") for (const distance of state.to) pending.push(index + distance);
    if (state?.kind === "assert" && state.holds(before, after)) pending.push(index + 1);
  }
  return seen;
}
