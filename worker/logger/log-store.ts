import type { ChunkedFiles } from "../content/files.ts";
import type { Clock } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { ContainerLog, type LogEntry } from "./log.ts";
import type { LogSettings } from "./log-options.ts";

const headerSize = 13;
const folder = "logs/";

export interface LogStoreComponents {
  readonly files: ChunkedFiles;
  readonly clock: Clock;
}

/**
 * Logs of containers. They are in memory while the container runs and are put into a file when it has stopped, so that
 * they outlive the engine.
 */
export class LogStore {
  readonly #files: ChunkedFiles;
  readonly #clock: Clock;
  readonly #logs = new Map<string, Promise<ContainerLog>>();
  /** Last of what is being done with the file of a log: one thing after the other. */
  readonly #work = new Map<string, Promise<unknown>>();

  constructor({ files, clock }: LogStoreComponents) {
    this.#files = files;
    this.#clock = clock;
  }

  /** The log of a container, read back when this engine has not seen it run. */
  async open(id: string, settings: LogSettings): Promise<ContainerLog> {
    if (settings.capacity === 0) return new ContainerLog(this.#clock, settings);
    const known = this.#logs.get(id);
    if (known) return known;
    const loaded = this.#inTurn(id, () => this.#load(id));
    const log = loaded.then((entries) => new ContainerLog(this.#clock, settings, entries));
    this.#logs.set(id, log);
    log.catch(() => {
      if (this.#logs.get(id) === log) this.#logs.delete(id);
    });
    return log;
  }

  /** Puts a log into its file, unless it is removed before that is done. */
  async save(id: string): Promise<void> {
    const opened = this.#logs.get(id);
    if (opened) await this.#inTurn(id, async () => this.#write(id, await opened, () => this.#logs.get(id) === opened));
  }

  async remove(id: string): Promise<void> {
    this.#logs.delete(id);
    await this.#inTurn(id, () => this.#files.remove(fileName(id)));
  }

  /** Removes what is left of containers that are not there any more. */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    for (const { name } of await this.#files.list(folder)) {
      if (!known.has(name.slice(folder.length))) await this.#files.remove(name);
    }
  }

  /** Answers when all that was asked for so far is done. */
  async flush(): Promise<void> {
    await Promise.all(this.#work.values());
  }

  async #write(id: string, log: ContainerLog, wanted: () => boolean): Promise<void> {
    if (!wanted()) return;
    const writer = await this.#files.create(fileName(id));
    try {
      for (const entry of log.entries) {
        if (!wanted()) break;
        await writer.write(encodeEntry(entry));
      }
      if (wanted()) await writer.commit();
      else await writer.abort();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#work.get(id) ?? Promise.resolve()).then(work);
    const settled = regardless(turn).then(() => {
      if (this.#work.get(id) === settled) this.#work.delete(id);
    });
    this.#work.set(id, settled);
    return turn;
  }

  async #load(id: string): Promise<readonly LogEntry[]> {
    const file = await this.#files.open(fileName(id));
    if (!file) return [];
    try {
      return decodeEntries(await file.readAt(0, file.size));
    } finally {
      await file.close();
    }
  }
}

function fileName(id: string): string {
  return `${folder}${id}`;
}

/** One byte for the stream, eight for the time, four for the length, all little-endian; then the bytes. */
function encodeEntry(entry: LogEntry): Uint8Array {
  const bytes = new Uint8Array(headerSize + entry.bytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, entry.stream === "stdout" ? 1 : 2);
  view.setBigInt64(1, entry.time, true);
  view.setUint32(9, entry.bytes.length, true);
  bytes.set(entry.bytes, headerSize);
  return bytes;
}

function decodeEntries(bytes: Uint8Array): readonly LogEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: LogEntry[] = [];
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = view.getUint32(at + 9, true);
    entries.push({
      stream: view.getUint8(at) === 1 ? "stdout" : "stderr",
      time: view.getBigInt64(at + 1, true),
      bytes: bytes.slice(at + headerSize, at + headerSize + length),
    });
    at += headerSize + length;
  }
  return entries;
}
