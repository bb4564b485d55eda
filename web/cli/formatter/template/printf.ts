import { display, floatText } from "./display.ts";
import { GoFloat, isList, isMap, isNil, JsonNumber, Struct, sortedKeys, typeName, type Value } from "./values.ts";

/** One `%...` of a format: flags, width, precision, verb. */
interface Directive {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

const pattern = /%([-+# 0]*)(\[\d+\])?(\*|\d+)?(?:(\.)(\[\d+\])?(\*|\d+)?)?(\[\d+\])?([\s\S]|$)/gu;

/** Go's fmt.Sprintf. */
export function printf(format: string, args: readonly Value[]): string {
  const list = new Arguments(args);
  const out = format.replace(
    pattern,
    (...[, flags = "", widthIndex, width, point, precisionIndex, precision, index, verb = ""]: string[]) => {
      if (verb === "") return "%!(NOVERB)";
      list.select(widthIndex);
      const columns = width === "*" ? list.int() : toNumber(width);
      list.select(precisionIndex);
      const digits = point ? (precision === "*" ? list.int() : (toNumber(precision) ?? 0)) : undefined;
      list.select(index);
      if (verb === "%") return "%";
      if (list.isBad) return `%!${verb}(BADINDEX)`;
      if (list.isEmpty) return `%!${verb}(MISSING)`;
      const left = columns !== undefined && columns < 0 ? "-" : "";
      return formatted(list.next(), {
        flags: flags + left,
        width: columns === undefined ? undefined : Math.abs(columns),
        precision: digits,
        verb,
      });
    },
  );
  return out + list.extra();
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The arguments, taken in turn or by `[n]`. */
class Arguments {
  readonly #args: readonly Value[];
  #next = 0;
  #reordered = false;
  isBad = false;

  constructor(args: readonly Value[]) {
    this.#args = args;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#args.length;
  }

  select(index: string | undefined): void {
    if (index === undefined) return;
    this.#reordered = true;
    this.#next = Number(index.slice(1, -1)) - 1;
    this.isBad = this.#next < 0 || this.isEmpty;
  }

  next(): Value {
    return this.#args[this.#next++];
  }

  int(): number {
    const value = this.next();
    return typeof value === "number" ? value : 0;
  }

  extra(): string {
    const left = this.#reordered ? [] : this.#args.slice(this.#next);
    if (left.length === 0) return "";
    return `%!(EXTRA ${left.map((value) => (isNil(value) ? "<nil>" : `${typeName(value)}=${display(value)}`)).join(", ")})`;
  }
}

function formatted(value: Value, directive: Directive): string {
  const { verb } = directive;
  if (verb === "T") return padded(isNil(value) ? "<nil>" : typeName(value), directive);
  if (isList(value)) return `[${value.map((each) => formatted(each, directive)).join(" ")}]`;
  if (isMap(value)) {
    const pairs = sortedKeys(value).map((key) => `${formatted(key, directive)}:${formatted(value[key], directive)}`);
    return `map[${pairs.join(" ")}]`;
  }
  if (value instanceof Struct) return value.display((each) => formatted(each, directive));
  if (isNil(value)) return verb === "v" ? padded("<nil>", directive) : `%!${verb}(<nil>)`;
  return scalar(value, directive) ?? `%!${verb}(${typeName(value)}=${display(value)})`;
}

/** @returns nothing where the verb does not fit the type */
function scalar(value: Value, directive: Directive): string | undefined {
  if (typeof value === "string") return stringText(value, directive);
  if (value instanceof JsonNumber) return stringText(value.text, directive);
  if (value instanceof GoFloat) return floatDirective(value.value, directive);
  if (typeof value === "number") return integerText(value, directive);
  if (typeof value === "boolean" && "tv".includes(directive.verb)) return padded(String(value), directive);
  return undefined;
}

function stringText(text: string, directive: Directive): string | undefined {
  const { verb, precision, flags } = directive;
  const cut = precision === undefined ? text : [...text].slice(0, precision).join("");
  switch (verb) {
    case "v":
      return padded(flags.includes("#") ? quote(cut, flags.replace("#", "")) : cut, directive);
    case "s":
      return padded(cut, directive);
    case "q":
      return padded(quote(cut, flags), directive);
    case "x":
    case "X": {
      const bytes = [...new TextEncoder().encode(text)].slice(0, precision);
      const separator = flags.includes(" ") ? " " : "";
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
      return padded(letterCase((flags.includes("#") ? "0x" : "") + hex, verb), directive);
    }
    default:
      return undefined;
  }
}

/** Go's %q: double quotes, or back quotes with `#` where they can be, plain ASCII with `+`. */
function quote(text: string, flags: string): string {
  if (flags.includes("#") && !/[`\p{Cc}]/u.test(text)) return `\`${text}\``;
  const quoted = JSON.stringify(text).replaceAll("\\b", "\\b");
  if (!flags.includes("+")) return quoted;
  return quoted.replace(/[^ -~]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const radixes: Readonly<Record<string, readonly [number, string, string]>> = {
  // radix, prefix with `#`, prefix in any case
  b: [2, "0b", ""],
  o: [8, "0", ""],
  O: [8, "0o", "0o"],
  x: [16, "0x", ""],
  X: [16, "0x", ""],
};

function integerText(value: number, directive: Directive): string | undefined {
  const { verb, flags } = directive;
  if (verb === "d" || verb === "v") return signed(String(Math.abs(value)), value < 0, directive);
  const radix = radixes[verb];
  if (radix) {
    const prefix = flags.includes("#") ? radix[1] : radix[2];
    return letterCase(signed(prefix + Math.abs(value).toString(radix[0]), value < 0, directive), verb);
  }
  if (value < 0 || value > 0x10ffff) return undefined;
  if (verb === "c") return padded(String.fromCodePoint(value), directive);
  if (verb === "q") return padded(`'${quote(String.fromCodePoint(value), "").slice(1, -1)}'`, directive);
  if (verb === "U") return padded(`U+${value.toString(16).toUpperCase().padStart(4, "0")}`, directive);
  return undefined;
}

function floatDirective(value: number, directive: Directive): string | undefined {
  const { verb, precision } = directive;
  if (!/^[efgvEFG]$/.test(verb)) return undefined;
  const name = verb === "v" ? "g" : verb.toLowerCase();
  const negative = value < 0 || Object.is(value, -0);
  return letterCase(signed(floatText(Math.abs(value), name, precision), negative, directive), verb);
}

/** Hexadecimal and exponents are in capitals for a verb in capitals. */
function letterCase(text: string, verb: string): string {
  return /[XEG]/.test(verb) ? text.toUpperCase() : text;
}

/** Puts the sign before a number, and zeros between them with the flag 0. */
function signed(digits: string, negative: boolean, directive: Directive): string {
  const { flags, width = 0 } = directive;
  const sign = negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const zeros = flags.includes("0") && !flags.includes("-") ? width - sign.length : 0;
  return padded(sign + digits.padStart(zeros, "0"), directive);
}

function padded(text: string, { flags, width = 0 }: Directive): string {
  const missing = " ".repeat(Math.max(0, width - [...text].length));
  return flags.includes("-") ? text + missing : missing + text;
}
