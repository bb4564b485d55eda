import { type Position, TemplateError } from "./nodes.ts";

/** A piece of an action. `spaceBefore` tells `a .b` from `a.b`. */
export interface Token {
  readonly kind: "field" | "variable" | "word" | "string" | "char" | "number" | "dot" | "punctuation";
  readonly text: string;
  readonly spaceBefore: boolean;
  readonly at: Position;
}

/** Text between actions, or the tokens of one action. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly line: number };

const tokenPattern =
  /(\s+)|("(?:[^"\\\n]|\\.)*"|`[^`]*`)|('(?:[^'\\\n]|\\.)+')|(\.[\p{L}_][\p{L}\p{N}_]*)|(\$[\p{L}\p{N}_]*)|([+-]?(?:0[xXbBoO][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+))|([\p{L}_][\p{L}\p{N}_]*)|(\.)|(:=|[=|(),])/uy;

const kinds = [
  undefined,
  undefined,
  "string",
  "char",
  "field",
  "variable",
  "number",
  "word",
  "dot",
  "punctuation",
] as const;

/**
 * Cuts a template at its `{{` and `}}`; `{{-` and `-}}` trim the text beside them, comments are dropped.
 * @throws TemplateError
 */
export function lex(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let trimNext = false;
  const pushText = (raw: string, trimEnd: boolean) => {
    let text = trimNext ? raw.trimStart() : raw;
    if (trimEnd) text = text.trimEnd();
    if (text !== "") parts.push({ kind: "text", text });
    trimNext = false;
  };
  for (;;) {
    const open = template.indexOf("{{", at);
    if (open < 0) {
      pushText(template.slice(at), false);
      return parts;
    }
    const trims = /^-\s/.test(template.slice(open + 2, open + 4));
    pushText(template.slice(at, open), trims);
    const start = open + 2 + (trims ? 1 : 0);
    const action = lexAction(template, start);
    if (action.tokens) parts.push({ kind: "action", tokens: action.tokens, line: positionOf(template, start).line });
    trimNext = action.trimsAfter;
    at = action.end;
  }
}

interface LexedAction {
  /** Nothing for a comment. */
  readonly tokens?: Token[];
  readonly end: number;
  readonly trimsAfter: boolean;
}

function lexAction(template: string, start: number): LexedAction {
  const comment = /^\s*\/\*[\s\S]*?\*\/(\s+-)?\}\}/.exec(template.slice(start));
  if (comment) return { end: start + comment[0].length, trimsAfter: comment[1] !== undefined };
  const fail = (text: string): TemplateError =>
    new TemplateError(`template: :${positionOf(template, start).line}: ${text}`);
  const tokens: Token[] = [];
  let at = start;
  let spaceBefore = true;
  for (;;) {
    const rest = template.slice(at, at + 4);
    if (rest.startsWith("}}")) return { tokens, end: at + 2, trimsAfter: false };
    const trimmed = /^\s-\}\}/.exec(rest);
    if (trimmed) return { tokens, end: at + 4, trimsAfter: true };
    if (at >= template.length) throw fail("unclosed action");
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(template);
    if (!match) throw fail(badCharacter(template, at));
    const group = match.findIndex((value, index) => index > 0 && value !== undefined);
    // Space right before a trimming end belongs to that end.
    const text = match[0];
    if (group === 1) {
      at += text.length - (template.startsWith("-}}", at + text.length) ? 1 : 0);
      spaceBefore = true;
      continue;
    }
    const kind = kinds[group];
    if (kind) tokens.push({ kind, text, spaceBefore, at: positionOf(template, at) });
    at += text.length;
    spaceBefore = false;
  }
}

function badCharacter(template: string, at: number): string {
  const char = template[at] ?? "";
  if (char === '"') return "unterminated quoted string";
  if (char === "`") return "unterminated raw quoted string";
  if (char === "'") return "unterminated character constant";
  const code = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `unrecognized character in action: U+${code} '${char}'`;
}

function positionOf(template: string, offset: number): Position {
  const before = template.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: new TextEncoder().encode(before.slice(lineStart)).length };
}
