import type { Disposable } from "../internal/disposable.ts";
import { regardless } from "../internal/failures.ts";
import { WireReader } from "../internal/wire/fields.ts";
import { FLAG_MORE, type Frame, ProtocolError } from "../internal/wire/frames.ts";
import type { AgentPort } from "../vm/machine.ts";
import { decodeAccept, decodeExit, decodeHello, decodePid, decodeRuntimeFailed, decodeUsage } from "./answers.ts";
import { Connection, goneError } from "./connection.ts";
import { errnoName } from "./errno.ts";
import {
  type Guest,
  type GuestConnection,
  GuestError,
  type GuestInfo,
  type GuestOperation,
  type GuestProcess,
  RuntimeFailed,
  type SpawnOptions,
  type TerminalSize,
} from "./guest.ts";
import { SpawnedProcess } from "./guest-process.ts";
import { type BatchFrame, describeOperation, encodeBatch } from "./operations.ts";
import { FLAG_RUNTIME_FAILED, FrameType, PROTOCOL_VERSION } from "./protocol.ts";
import {
  encodeHello,
  encodeKill,
  encodeListen,
  encodePath,
  encodeReadFile,
  encodeResize,
  encodeSpawn,
  encodeTime,
  encodeUnlisten,
  type HostMount,
} from "./requests.ts";
import { StreamTable } from "./stream-table.ts";

const ECANCELED = 125;
const READ_LIMIT = 16 << 20;
const LISTING_LIMIT = 16 << 20;
const ENTROPY_BYTES = 64;
const SIGKILL = 9;

export interface AgentClientOptions {
  readonly port: AgentPort;
  readonly now: () => Date;
  /** How the guest mounts the host's files; nothing is mounted without it. */
  readonly files?: HostMount;
}

/** The mount of the files that a Machine serves (tag `host`), for AgentClientOptions. */
export const hostFiles: HostMount = {
  type: "9p",
  source: "host",
  data: "trans=virtio,version=9p2000.L,msize=512000,cache=mmap,access=client",
};

type Listener = (connection: GuestConnection) => void;

/**
 * The guest's agent over its port. Life cycle: `connect()` once, before all else; gone when the machine is (call
 * `disconnect`) or when the guest breaks the protocol. A guest that was booted again needs a new client.
 */
export class AgentClient implements Guest {
  readonly #options: AgentClientOptions;
  readonly #connection: Connection;
  readonly #streams: StreamTable;
  readonly #processes = new Map<number, SpawnedProcess>();
  readonly #listeners = new Map<number, Listener>();
  readonly #goneListeners = new Set<(reason: string) => void>();
  #info: GuestInfo | undefined;
  #gone: string | undefined;

  constructor(options: AgentClientOptions) {
    this.#options = options;
    this.#connection = new Connection(
      options.port,
      (frame) => this.#receive(frame),
      (reason) => this.#lose(reason),
    );
    this.#streams = new StreamTable(this.#connection.send, (id) => this.#connection.wasGiven(id));
  }

  get info(): GuestInfo {
    if (!this.#info) throw new Error("Cannot tell about the guest: expected connect() to have been called");
    return this.#info;
  }

  /** Greets the agent: from here on it serves this client alone. Rejects with Unavailable, or GuestError. */
  async connect(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const abort = () => this.disconnect("connecting was given up");
    signal?.addEventListener("abort", abort);
    const { now, files } = this.#options;
    const entropy = crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES));
    try {
      await this.#connection.greet(encodeHello({ now: now(), entropy, ...(files ? { files } : {}) }), {
        result: (body) => {
          const answer = decodeHello(body);
          if (answer.info.protocol !== PROTOCOL_VERSION) throw new ProtocolError(`version ${answer.info.protocol}`);
          this.#info = answer.info;
          this.#streams.guestWindow = answer.guestWindow;
        },
      });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** The machine is gone, or is given up: everything that waits fails. */
  disconnect(reason: string): void {
    this.#connection.fail(reason);
  }

  onGone(listener: (reason: string) => void): Disposable {
    if (this.#gone !== undefined) listener(this.#gone);
    else this.#goneListeners.add(listener);
    return { dispose: () => this.#goneListeners.delete(listener) };
  }

  async run(operations: readonly GuestOperation[]): Promise<void> {
    const frames = encodeBatch(operations);
    const results = frames.map((frame, index) => this.#runFrame(operations, frame, index < frames.length - 1));
    // Frames after the one that failed are answered with ECANCELED: the first error is the one to tell.
    const [failed] = (await Promise.allSettled(results)).filter((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  #runFrame(operations: readonly GuestOperation[], frame: BatchFrame, more: boolean): Promise<void> {
    return this.#connection.request(FrameType.BATCH, frame.payload, "batch", {
      flags: more ? FLAG_MORE : 0,
      result: (body) => body.end(),
      refusal: (errno, body) => {
        if (errno === ECANCELED) return new GuestError(errno, errnoName(errno), "batch");
        const operation = operations[frame.owners[body.u32()] ?? -1];
        if (!operation) throw new ProtocolError("index of no operation");
        return new GuestError(errno, errnoName(errno), describeOperation(operation));
      },
    });
  }

  readFile(path: string, limit = READ_LIMIT, options: { readonly root?: string } = {}): Promise<Uint8Array> {
    const payload = encodeReadFile(path, limit, options.root ?? "");
    return this.#readParts(FrameType.READFILE, payload, `read ${path}`, limit);
  }

  async readDir(path: string): Promise<readonly string[]> {
    const names = await this.#readParts(FrameType.READDIR, encodePath(path), `list ${path}`, LISTING_LIMIT);
    return new TextDecoder().decode(names).split("\0").slice(0, -1);
  }

  #readParts(type: number, payload: Uint8Array, what: string, limit: number): Promise<Uint8Array> {
    // One buffer that grows: an object for each part would let a guest that sends single bytes have us hold many.
    let buffer = new Uint8Array(0);
    let length = 0;
    const take = (part: Uint8Array) => {
      if (length + part.length > limit) throw new ProtocolError(`${what}: more than ${limit} bytes`);
      if (length + part.length > buffer.length) {
        const larger = new Uint8Array(Math.min(limit, Math.max(length + part.length, 2 * buffer.length)));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(part, length);
      length += part.length;
    };
    return this.#connection.request(type, payload, what, {
      part: take,
      result: (body) => {
        take(body.rest());
        return length === buffer.length ? buffer : buffer.slice(0, length);
      },
    });
  }

  usage(path: string): Promise<{ readonly size: number; readonly inodes: number }> {
    return this.#connection.request(FrameType.USAGE, encodePath(path), `usage of ${path}`, { result: decodeUsage });
  }

  spawn(options: SpawnOptions): Promise<GuestProcess> {
    const id = this.#connection.newId();
    const input = options.tty !== undefined || (options.stdin ?? false);
    const output = options.tty !== undefined || (options.stdout ?? false);
    const hasErrors = options.tty === undefined && (options.stderr ?? false);
    const stdioId = input || output ? this.#connection.newId() : 0;
    const stderrId = hasErrors ? this.#connection.newId() : 0;
    const payload = encodeSpawn(options, { stdio: stdioId, stderr: stderrId });
    const streams = {
      stdio: stdioId ? this.#streams.open(stdioId, { readable: output, writable: input }) : undefined,
      stderr: stderrId ? this.#streams.open(stderrId, { readable: true, writable: false }) : undefined,
    };
    const what = `start ${options.argv[0]}`;
    const started = this.#connection.request<SpawnedProcess>(FrameType.SPAWN, payload, what, {
      id,
      result: (body, flags) => {
        if ((flags & FLAG_RUNTIME_FAILED) !== 0) {
          const { exitCode, message } = decodeRuntimeFailed(body);
          throw new RuntimeFailed(exitCode, message);
        }
        const process = new SpawnedProcess(id, decodePid(body), streams, this.#control);
        this.#processes.set(id, process);
        return process;
      },
    });
    const giveUp = () => void regardless(this.#control.kill(id, SIGKILL));
    options.signal?.addEventListener("abort", giveUp);
    if (options.signal?.aborted) giveUp();
    return started
      .catch((error: Error) => {
        for (const stream of [stdioId, stderrId]) this.#streams.drop(stream, error);
        throw error;
      })
      .finally(() => options.signal?.removeEventListener("abort", giveUp));
  }

  readonly #control = {
    resize: (process: number, size: TerminalSize): Promise<void> =>
      this.#connection.request(FrameType.RESIZE, encodeResize(process, size), "resize", { result: nothing }),
    kill: (process: number, signal: number): Promise<void> =>
      this.#connection.request(FrameType.KILL, encodeKill(process, 0, signal), "kill", { result: nothing }),
  };

  kill(pid: number, signal: number): Promise<void> {
    const payload = encodeKill(0, pid, signal);
    return this.#connection.request(FrameType.KILL, payload, `kill ${pid}`, { result: nothing });
  }

  async listen(path: string, mode: number, onConnection: Listener): Promise<Disposable> {
    const id = this.#connection.newId();
    const register = (body: WireReader) => {
      body.end();
      this.#listeners.set(id, onConnection);
    };
    const payload = encodeListen(path, mode);
    await this.#connection.request(FrameType.LISTEN, payload, `listen on ${path}`, { id, result: register });
    return {
      dispose: () => {
        if (!this.#listeners.delete(id) || this.#gone !== undefined) return;
        const unlisten = this.#connection.request(FrameType.UNLISTEN, encodeUnlisten(id), "unlisten", {
          result: nothing,
        });
        regardless(unlisten);
      },
    };
  }

  setTime(now: Date): Promise<void> {
    return this.#connection.request(FrameType.SETTIME, encodeTime(now), "set the time", { result: nothing });
  }

  ping(): Promise<void> {
    return this.#connection.request(FrameType.PING, new Uint8Array(), "ping", { result: nothing });
  }

  /** Makes the guest's memory small to keep, before a snapshot. */
  quiesce(): Promise<void> {
    return this.#connection.request(FrameType.QUIESCE, new Uint8Array(), "quiesce", { result: nothing });
  }

  #receive(frame: Frame): void {
    if (frame.type >= FrameType.DATA && frame.type <= FrameType.STOP) this.#streams.frame(frame);
    else if (frame.type === FrameType.EXIT) this.#exit(frame);
    else if (frame.type === FrameType.ACCEPT) this.#accept(frame);
    else throw new ProtocolError(`frame of type ${frame.type}`);
  }

  #exit(frame: Frame): void {
    const process = this.#processes.get(frame.id);
    if (!process) throw new ProtocolError(`exit of unknown process ${frame.id}`);
    this.#processes.delete(frame.id);
    process.settleExit(decodeExit(new WireReader(frame.payload)));
  }

  #accept(frame: Frame): void {
    const { listener, pid, uid, gid } = decodeAccept(new WireReader(frame.payload));
    if (!this.#connection.wasGiven(listener)) throw new ProtocolError(`connection to unknown listener ${listener}`);
    const { receive, send } = this.#streams.accept(frame.id);
    if (!receive || !send) return;
    const onConnection = this.#listeners.get(listener);
    const { readable } = receive;
    const { writable } = send;
    if (onConnection) {
      onConnection({ readable, writable, pid, uid, gid });
    } else {
      // It connected just before the listener was closed.
      regardless(readable.cancel());
      regardless(writable.abort());
    }
  }

  #lose(reason: string): void {
    this.#gone = reason;
    const error = goneError(reason);
    for (const process of this.#processes.values()) process.fail(error);
    this.#processes.clear();
    this.#listeners.clear();
    this.#streams.failAll(error);
    for (const listener of this.#goneListeners) listener(reason);
    this.#goneListeners.clear();
  }
}

function nothing(body: WireReader): void {
  body.end();
}
