/** The parts of a parsed template. `at` is the offset in bytes of its first line, as messages name it. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" };

export interface Pipe {
  /** Variables that the value is declared as (`:=`) or assigned to (`=`). */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Call[];
}

/** A function or a value, and its arguments. */
export interface Call {
  readonly operands: readonly Operand[];
  /** As it stands in the template, for messages. */
  readonly source: string;
  readonly at: Position;
}

export interface Position {
  readonly line: number;
  /** Bytes from the line's start. */
  readonly column: number;
}

export type Operand = { readonly source: string; readonly at: Position } & (
  | { readonly kind: "dot" | "nil" }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "variable"; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe; readonly names: readonly string[] }
);

/** A template that cannot be parsed or executed; the message is Go's text/template's. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
