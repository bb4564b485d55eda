import type { ContainerLogsOptions, LogFrame } from "../api/types/backend.ts";
import { concatBytes } from "../internal/bytes.ts";
import type { Clock } from "../internal/clock.ts";
import { rfc3339Nano } from "../internal/clock.ts";
import type { LogSettings } from "./log-options.ts";

type Stream = LogFrame["stream"];

export interface LogEntry {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly stream: Stream;
  /** A line with its line feed, or a piece of a longer one. */
  readonly bytes: Uint8Array;
}

/** What an entry takes besides its bytes, about: a log of empty lines is bounded too. */
const entryOverhead = 200;

/** Longer lines are kept in pieces, as Docker's json-file driver does. */
const longestPiece = 16 * 1024;
const lineFeed = 0x0a;

/**
 * What a container wrote, line by line, the newest of it: as many bytes as the settings say, overhead counted. While the container runs the log is open and
 * followers wait for more; `close` ends them.
 */
export class ContainerLog {
  readonly #clock: Clock;
  readonly #settings: LogSettings;
  #entries: LogEntry[] = [];
  /** Index of the oldest entry that is kept; what is before it was dropped and leaves the array in batches. */
  #head = 0;
  #size = 0;
  /** Entries that have left the array; makes positions of readers stable. */
  #gone = 0;
  #open = false;
  readonly #rests: Record<Stream, Uint8Array> = { stdout: new Uint8Array(0), stderr: new Uint8Array(0) };
  #waiters: (() => void)[] = [];

  constructor(clock: Clock, settings: LogSettings, entries: readonly LogEntry[] = []) {
    this.#clock = clock;
    this.#settings = settings;
    for (const entry of entries) this.#append(entry);
  }

  get entries(): readonly LogEntry[] {
    return this.#entries.slice(this.#head);
  }

  open(): void {
    this.#open = true;
  }

  write(stream: Stream, chunk: Uint8Array): void {
    const rest = this.#rests[stream];
    const bytes = rest.length === 0 ? chunk : concatBytes([rest, chunk]);
    let start = 0;
    while (start < bytes.length) {
      const feed = bytes.indexOf(lineFeed, start);
      const end = feed < 0 ? bytes.length : feed + 1;
      if (feed < 0 && end - start < longestPiece) break;
      const piece = bytes.slice(start, Math.min(end, start + longestPiece));
      this.#append({ time: this.#clock.nanos(), stream, bytes: piece });
      start += piece.length;
    }
    this.#rests[stream] = bytes.slice(start);
    this.#wake();
  }

  /** Ends followers. A last line without a line feed is an entry too. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#rests[stream];
      this.#rests[stream] = new Uint8Array(0);
      if (rest.length > 0) this.#append({ time: this.#clock.nanos(), stream, bytes: rest });
    }
    this.#open = false;
    this.#wake();
  }

  read(options: ContainerLogsOptions): ReadableStream<LogFrame> {
    const wanted = (entry: LogEntry) =>
      options[entry.stream] && (options.since === undefined || entry.time >= options.since);
    const over = (entry: LogEntry) => options.until !== undefined && entry.time > options.until;
    let position = this.#gone + this.#tailStart(options.tail, (entry) => wanted(entry) && !over(entry));
    const next = (): LogEntry | undefined => {
      position = Math.max(position, this.#gone + this.#head);
      const entry = this.#entries[position - this.#gone];
      if (entry) position++;
      return entry;
    };
    const stop = new AbortController();
    options.signal?.addEventListener("abort", () => stop.abort(), { once: true });
    return new ReadableStream<LogFrame>({
      pull: async (controller) => {
        for (;;) {
          const entry = next();
          if (entry && over(entry)) return controller.close();
          if (entry && wanted(entry)) {
            return controller.enqueue({ stream: entry.stream, bytes: this.#decorate(entry, options) });
          }
          if (entry) continue;
          if (!options.follow || !this.#open || stop.signal.aborted) return controller.close();
          await this.#more(stop.signal, options.until);
        }
      },
      cancel: () => stop.abort(),
    });
  }

  /** Index of the first of the last `tail` entries that are wanted. */
  #tailStart(tail: number | undefined, wanted: (entry: LogEntry) => boolean): number {
    if (tail === undefined) return this.#head;
    let found = 0;
    for (let index = this.#entries.length - 1; index >= this.#head; index--) {
      const entry = this.#entries[index];
      if (entry && wanted(entry) && ++found > tail) return index + 1;
    }
    return this.#head;
  }

  /** Resolves when there is something new, when the log is closed, when the reader leaves or when its time is over. */
  #more(signal: AbortSignal, until: bigint | undefined): Promise<void> {
    return new Promise((resolve) => {
      const stop = new AbortController();
      const done = () => {
        signal.removeEventListener("abort", done);
        stop.abort();
        resolve();
      };
      this.#waiters.push(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
      if (until === undefined) return;
      const remaining = Math.max(0, Number((until - this.#clock.nanos()) / 1_000_000n) + 1);
      this.#clock.sleep(remaining, stop.signal).then(
        () => {
          // Time is up: nothing that is logged from now on is wanted.
          this.#waiters = this.#waiters.filter((waiter) => waiter !== done);
          done();
        },
        () => undefined,
      );
    });
  }

  /** Each entry, a piece of a long line too, has its own time and details, as Docker's log has. */
  #decorate(entry: LogEntry, { timestamps, details }: ContainerLogsOptions): Uint8Array {
    if (!timestamps && !details) return entry.bytes;
    const prefix = `${timestamps ? `${rfc3339Nano(entry.time)} ` : ""}${details ? `${this.#settings.details} ` : ""}`;
    return concatBytes([new TextEncoder().encode(prefix), entry.bytes]);
  }

  #append(entry: LogEntry): void {
    const { capacity } = this.#settings;
    if (capacity === 0) return;
    this.#entries.push(entry);
    this.#size += entry.bytes.length + entryOverhead;
    while (this.#size > capacity && this.#head < this.#entries.length - 1) {
      this.#size -= (this.#entries[this.#head]?.bytes.length ?? 0) + entryOverhead;
      this.#head++;
    }
    // In batches: taking from the front of a long array is slow.
    if (this.#head <= this.#entries.length / 2) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#gone += this.#head;
    this.#head = 0;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
