const truths = ["1", "t", "T", "true", "TRUE", "True"];
const falsehoods = ["0", "f", "F", "false", "FALSE", "False"];

/** As Go's strconv.ParseBool, whose error users see. */
export function parseBool(text: string): boolean {
  if (truths.includes(text)) return true;
  if (falsehoods.includes(text)) return false;
  throw new SyntaxError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}
