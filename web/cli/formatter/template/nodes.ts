/** Where something stands in a template: what messages point at. */
export interface Position {
  readonly line: number;
  /** Bytes from the line's start. */
  readonly column: number;
}

/** What a message points at: the piece of the template, and its text as Go writes it out. */
export interface Place {
  readonly source: string;
  readonly at: Position;
}

/** The parts of a parsed template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | Block
  | (Place & { readonly kind: "template"; readonly name: string; readonly pipe: Pipe | undefined })
  | { readonly kind: "break" | "continue" };

export interface Block {
  readonly kind: "if" | "with" | "range";
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export interface Pipe extends Place {
  /** Variables that the value is declared as (`:=`) or assigned to (`=`). */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Call[];
}

/** A function or a value, and its arguments. */
export interface Call extends Place {
  readonly operands: readonly Operand[];
}

export type Operand = Place &
  (
    | { readonly kind: "dot" | "nil" }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "bool"; readonly value: boolean }
    | NumberOperand
    | { readonly kind: "field"; readonly names: readonly string[] }
    | { readonly kind: "variable"; readonly name: string; readonly names: readonly string[] }
    | { readonly kind: "function"; readonly name: string }
    | { readonly kind: "pipe"; readonly pipe: Pipe }
    | { readonly kind: "chain"; readonly start: Operand; readonly names: readonly string[] }
  );

interface NumberOperand {
  readonly kind: "number";
  readonly value: number;
  /** It is written as one: with a point or an exponent. */
  readonly isFloat: boolean;
}

/** A template and those that it defines, by name; its own name is empty. */
export type TemplateSet = ReadonlyMap<string, readonly Node[]>;

/** A template that cannot be parsed or executed; the message is Go's text/template's. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
