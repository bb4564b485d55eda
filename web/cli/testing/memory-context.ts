import type { TerminalSize } from "../../../worker/shim/guest.ts";
import type { CliContext, CliFiles, FileStat } from "../context.ts";

export interface MemoryContextOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** By absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** All three streams are a terminal of this size. */
  readonly terminal?: TerminalSize;
  /** Nobody reads stdout any more. */
  readonly stdoutClosed?: boolean;
}

/** A context whose world is in memory, for tests. */
export class MemoryContext implements CliContext {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd = "/root";
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdout: WritableStream<Uint8Array>;
  readonly stderr: WritableStream<Uint8Array>;
  readonly tty: CliContext["tty"];
  readonly signal = new AbortController().signal;
  readonly files: CliFiles;
  /** Paths and what they hold now. */
  readonly content: Map<string, Uint8Array>;
  /** Every switch of raw mode. */
  readonly rawChanges: boolean[] = [];
  #out = "";
  #err = "";
  #size: TerminalSize | undefined;
  readonly #resizeListeners = new Set<(size: TerminalSize) => void>();
  readonly #signalListeners = new Set<(signal: string) => void>();
  readonly #input = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 64 });
  readonly #inputWriter = this.#input.writable.getWriter();

  constructor(argv: readonly string[], options: MemoryContextOptions = {}) {
    this.argv = argv;
    this.env = { HOME: "/root", ...options.env };
    const isTerminal = options.terminal !== undefined;
    this.tty = { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal };
    this.#size = options.terminal;
    this.stdin = this.#input.readable;
    this.stdout = collector((text) => {
      if (options.stdoutClosed) throw new Error("closed");
      this.#out += text;
    });
    this.stderr = collector((text) => {
      this.#err += text;
    });
    const encoder = new TextEncoder();
    this.content = new Map(Object.entries(options.files ?? {}).map(([path, text]) => [path, encoder.encode(text)]));
    this.files = memoryFiles(this.content);
    this.#inputWriter.closed.catch(() => {});
    if (!isTerminal) {
      this.type(options.stdin ?? "");
      this.#inputWriter.close().catch(() => {});
    }
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  /** Puts text on stdin. */
  type(text: string): void {
    if (text !== "") this.#inputWriter.write(new TextEncoder().encode(text)).catch(() => {});
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    for (const listener of this.#resizeListeners) listener(size);
  }

  raise(signal: string): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  size(): TerminalSize | undefined {
    return this.#size;
  }

  onResize(listener: (size: TerminalSize) => void): { dispose(): void } {
    this.#resizeListeners.add(listener);
    return { dispose: () => void this.#resizeListeners.delete(listener) };
  }

  async setRaw(raw: boolean): Promise<void> {
    this.rawChanges.push(raw);
  }

  onSignal(listener: (signal: string) => void): { dispose(): void } {
    this.#signalListeners.add(listener);
    return { dispose: () => void this.#signalListeners.delete(listener) };
  }
}

function collector(onText: (text: string) => void): WritableStream<Uint8Array> {
  const decoder = new TextDecoder();
  return new WritableStream({ write: (chunk) => onText(decoder.decode(chunk, { stream: true })) });
}

function memoryFiles(content: Map<string, Uint8Array>): CliFiles {
  const missing = () => Object.assign(new Error("no such file or directory"), { code: "ENOENT" });
  const get = (path: string) => {
    const bytes = content.get(path);
    if (!bytes) throw missing();
    return bytes;
  };
  const isFolder = (path: string) => [...content.keys()].some((key) => key.startsWith(`${path}/`));
  return {
    read: async (path, limit) => get(path).slice(0, limit),
    write: async (path, bytes) => void content.set(path, bytes),
    stat: async (path): Promise<FileStat> => {
      if (isFolder(path)) return { kind: "directory", size: 0, mode: 0o755, modified: new Date(0) };
      return { kind: "file", size: get(path).length, mode: 0o644, modified: new Date(0) };
    },
    readDir: async () => [...content.keys()],
    mkdir: async () => {},
    readLink: async () => {
      throw missing();
    },
    remove: async (path) => {
      get(path);
      content.delete(path);
    },
  };
}
