/**
 * Indents JSON without parsing its values, so that numbers and escapes stay as the engine wrote them (Go's json.Indent).
 * @param indent one level, such as four spaces
 */
export function indentJson(json: string, indent: string): string {
  let out = "";
  let depth = 0;
  const newline = () => `\n${indent.repeat(depth)}`;
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? "";
    if (char === '"') {
      const end = stringEnd(json, at);
      out += json.slice(at, end);
      at = end - 1;
    } else if (char === "{" || char === "[") {
      const close = char === "{" ? "}" : "]";
      const next = /\S/.exec(json.slice(at + 1, at + 64))?.[0];
      if (next === close) {
        out += char + close;
        at = json.indexOf(close, at);
      } else {
        depth += 1;
        out += char + newline();
      }
    } else if (char === "}" || char === "]") {
      depth -= 1;
      out += newline() + char;
    } else if (char === ",") out += char + newline();
    else if (char === ":") out += ": ";
    else if (!/\s/.test(char)) out += char;
  }
  return out;
}

function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}
