/** A literal that Go does not accept; the message is strconv's or the parser's. */
class LiteralError extends Error {
  override readonly name = "LiteralError";
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
};

const escapePattern = /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[\s\S])/gu;

function withoutEscapes(text: string, quote: string): string {
  return text.replace(escapePattern, (_, code: string) => {
    if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
    if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const char = code === quote ? quote : escapes[code];
    if (char === undefined) throw new LiteralError("invalid syntax");
    return char;
  });
}

/** The value of `"..."` or `` `...` ``. */
export function unquote(literal: string): string {
  const inner = literal.slice(1, -1);
  return literal.startsWith("`") ? inner.replaceAll("\r", "") : withoutEscapes(inner, '"');
}

/** The code point of `'x'`. */
export function characterCode(literal: string): number {
  const text = withoutEscapes(literal.slice(1, -1), "'");
  const [first, ...more] = text;
  if (first === undefined) throw new LiteralError("invalid syntax");
  if (more.length > 0) throw new LiteralError(`malformed character constant: ${literal}`);
  return first.codePointAt(0) ?? 0;
}

const integerPattern = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?[0-9])*|0)$/;
const decimalPattern = /^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9]+)?$/;

/** The value of a number, and whether it is written as a float. Complex and hexadecimal floating-point ones are not known. */
export function numberValue(literal: string): { readonly value: number; readonly isFloat: boolean } {
  const quoted = JSON.stringify(literal);
  if (integerPattern.test(literal)) {
    const negative = literal.startsWith("-");
    const digits = literal.replace(/^[+-]/, "").replaceAll("_", "").toLowerCase();
    const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
    if (value >= 1n << 63n) throw new LiteralError(`integer overflow: ${quoted}`);
    return { value: Number(value) * (negative ? -1 : 1), isFloat: false };
  }
  if (!decimalPattern.test(literal)) throw new LiteralError(`illegal number syntax: ${quoted}`);
  const value = Number(literal.replaceAll("_", ""));
  if (!Number.isFinite(value)) throw new LiteralError(`illegal number syntax: ${quoted}`);
  if (!/[.eE]/.test(literal)) throw new LiteralError(`integer overflow: ${quoted}`);
  return { value, isFloat: true };
}
