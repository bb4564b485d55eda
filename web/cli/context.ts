import type { Disposable } from "../../worker/internal/disposable.ts";
import type { TerminalSize } from "../../worker/shim/guest.ts";

/**
 * All that a `docker` invocation may touch: where it came from decides what is behind it (the guest's shell, an embedding
 * page, Node). The CLI reads nothing else of its environment.
 */
export interface CliContext {
  /** What follows `docker`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path. */
  readonly cwd: string;
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdout: WritableStream<Uint8Array>;
  readonly stderr: WritableStream<Uint8Array>;
  /** Which of the streams are terminals. */
  readonly tty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** The terminal's size, when there is one. */
  size(): TerminalSize | undefined;
  onResize(listener: (size: TerminalSize) => void): Disposable;
  /** Switches the terminal on stdin to raw mode and back. */
  setRaw(raw: boolean): Promise<void>;
  /** Signals that the invocation received, by name without SIG: `INT`, `TERM`, `HUP`, `QUIT`. */
  onSignal(listener: (signal: string) => void): Disposable;
  readonly files: CliFiles;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
}

/** Files on the caller's side, with the caller's own rights. Paths are absolute. Failures carry `code` such as `ENOENT`. */
export interface CliFiles {
  read(path: string, limit?: number): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array, mode?: number): Promise<void>;
  stat(path: string): Promise<FileStat>;
  readDir(path: string): Promise<readonly string[]>;
  mkdir(path: string, mode?: number): Promise<void>;
  readLink(path: string): Promise<string>;
  remove(path: string): Promise<void>;
}

/** As lstat(2). */
export interface FileStat {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modified: Date;
}
