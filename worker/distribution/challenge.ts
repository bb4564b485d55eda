/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1). Scheme and parameter names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const headerLimit = 8192;
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const partPattern = new RegExp(
  `\\s*,?\\s*(?:(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))|(${token})(?=\\s|,|$))`,
  "y",
);

/** Parses what it understands, and leaves out the rest: a header that is malformed offers no challenge. */
export function parseChallenges(header: string | null): readonly Challenge[] {
  if (!header || header.length > headerLimit) return [];
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  partPattern.lastIndex = 0;
  for (let match = partPattern.exec(header); match; match = partPattern.exec(header)) {
    const [, name, quoted, bare, scheme] = match;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: Object.create(null) });
    const current = challenges.at(-1);
    if (current && name !== undefined) {
      current.parameters[name.toLowerCase()] = quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/g, "$1");
    }
  }
  return challenges;
}
