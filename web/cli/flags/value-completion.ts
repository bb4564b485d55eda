import type { ContainerSummary } from "../formatter/container.ts";

/** What the shell is to do with the candidates, as cobra's completion scripts understand it. The numbers are bits. */
export const directives = { default: 0, error: 1, noSpace: 2, noFileCompletion: 4, folders: 16 } as const;

export interface Candidates {
  /** A candidate, or a candidate and its description behind a tab. What does not begin as the typed word is dropped. */
  readonly words: readonly string[];
  readonly directive: number;
}

/** What may be looked up for an offer. */
export interface Lookup {
  containers(): Promise<readonly ContainerSummary[]>;
  names(kind: ObjectKind): Promise<readonly string[]>;
  /** The value that the command line gives to another flag of the command. */
  flag(name: string): string | undefined;
  /** The arguments before the word. */
  readonly args: readonly string[];
}

export type ObjectKind = "containers" | "images" | "volumes" | "networks";

/** What completion offers for a value. A list ends in a space, unless what it offers goes on (`size=`). */
export type ValueCompletion =
  | "none"
  | "files"
  | "folders"
  | "environment"
  | ObjectKind
  | readonly string[]
  | ((typed: string, lookup: Lookup) => Promise<Candidates>);

export const nothing: Candidates = { words: [], directive: directives.noFileCompletion };
export const files: Candidates = { words: [], directive: directives.default };

/** These, with a space behind the one that is taken, and no file names. */
export function only(words: readonly string[]): Candidates {
  return { words, directive: directives.noFileCompletion };
}

/** These, which go on behind an equal sign or a colon. */
export function open(words: readonly string[]): Candidates {
  return { words, directive: directives.noSpace };
}
