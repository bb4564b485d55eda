/** Splits at the first separator: before, after, and whether there was one (Go's strings.Cut). */
export function cut(text: string, separator: string): [before: string, after: string, found: boolean] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, "", false] : [text.slice(0, at), text.slice(at + separator.length), true];
}

/** `["k=v"]` to an object; a value is empty where none is given. */
export function keyValues(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => cut(pair, "=").slice(0, 2) as [string, string]));
}

/**
 * One record of comma-separated values with quotes (RFC 4180), as `--mount` and `--network` take them.
 * @throws Error for stray quotes, and for no text at all
 */
export function csvFields(text: string): string[] {
  if (text === "") throw new Error("EOF");
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const quotedField = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
    const plainField = /^([^",]*)(,|$)/.exec(rest);
    const match = quotedField ?? plainField;
    if (!match)
      throw new Error(`parse error on line 1, column ${text.length - rest.length + 1}: bare " in non-quoted-field`);
    fields.push(quotedField ? (match[1] ?? "").replaceAll('""', '"') : (match[1] ?? ""));
    if (match[2] === "") return fields;
    rest = rest.slice(match[0].length);
  }
}
