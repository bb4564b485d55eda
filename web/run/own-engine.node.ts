import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { EngineApi } from "../../worker/api/engine-api.ts";
import { regardless } from "../../worker/internal/failures.ts";
import { makeFolder } from "../../worker/internal/make-folder.node.ts";
import { maximumSocketPath } from "../../worker/internal/socket.node.ts";
import { CliError, messageOf } from "../cli/errors.ts";
import { HttpEngineClient } from "../client/http.node.ts";

export interface OwnEngineOptions {
  /** Holds all that the engine keeps, its socket and its log. */
  readonly dataRoot: string;
  /** The command that runs the engine, without its flags. */
  readonly daemon: readonly [program: string, ...argv: string[]];
  /** How long it stays when nothing is left to do, as in `--exit-when-idle`. */
  readonly idleTime: string;
  /** Whether an engine holds the data root, wherever it listens. */
  readonly isLocked: (dataRoot: string) => Promise<boolean>;
}

/** Starts that may fail because another engine had the data root and was just about to end. */
const maximumStarts = 3;

/** Milliseconds for an engine to answer. */
const patience = 60_000;

/** Milliseconds for an engine that holds the data root to listen, which it does before anything that takes long. */
const listenPatience = 5_000;

/**
 * The engine behind `wherry run` and the other docker commands where no DOCKER_HOST is set: a `wherry daemon` in the background,
 * one for the user. The first request starts it, or finds it running; it outlives the command, and ends by itself.
 *
 * Any number of commands may come at once: the lock on the data root decides whose engine stays, and all use that one.
 */
export class OwnEngine implements EngineApi {
  readonly #options: OwnEngineOptions;
  readonly #socket: string;
  readonly #client: HttpEngineClient;
  #ready: Promise<void> | undefined;

  constructor(options: OwnEngineOptions) {
    this.#options = options;
    this.#socket = join(options.dataRoot, "docker.sock");
    this.#client = new HttpEngineClient(this.host);
  }

  /** For DOCKER_HOST. */
  get host(): string {
    return `unix://${this.#socket}`;
  }

  async fetch(request: Request): ReturnType<EngineApi["fetch"]> {
    await this.#started(request.signal);
    return this.#client.fetch(request);
  }

  async upgrade(request: Request): ReturnType<EngineApi["upgrade"]> {
    await this.#started(request.signal);
    return this.#client.upgrade(request);
  }

  #started(signal: AbortSignal): Promise<void> {
    this.#ready ??= this.#start(signal).catch((error: unknown) => {
      // A folder that can't be made, a log that can't be written: the reason, and not that nobody is there.
      throw error instanceof CliError || signal.aborted ? error : failure(messageOf(error));
    });
    return this.#ready;
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { dataRoot, isLocked } = this.#options;
    if (Buffer.byteLength(this.#socket) > maximumSocketPath)
      throw failure(`the path of its socket is too long (${this.#socket})`);
    await makeFolder(dataRoot, 0o710);
    const begin = Date.now();
    let starting: Starting | undefined;
    for (let starts = 0; ; ) {
      if (await this.#answers(signal)) return;
      signal.throwIfAborted();
      const locked = await isLocked(dataRoot);
      if (!locked && !starting?.running) {
        if (starts === maximumStarts) throw failure(await starting?.said(), this.#log);
        starting = await Starting.begin(this.#options, this.host, this.#log);
        starts += 1;
      }
      const waited = Date.now() - begin;
      if (locked && !starting?.running && waited > listenPatience) throw failure(await this.#elsewhere());
      if (waited > patience) throw failure("it does not answer", this.#log);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Whether it does: an engine that is still starting answers when it is ready. */
  async #answers(signal: AbortSignal): Promise<boolean> {
    const patient = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      const answer = await this.#client.fetch(new Request("http://docker/_ping", { signal: patient }));
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }

  get #log(): string {
    return join(this.#options.dataRoot, "daemon.log");
  }

  async #elsewhere(): Promise<string> {
    const { dataRoot } = this.#options;
    const pid = (await readFile(join(dataRoot, "wherry.pid"), "utf8").catch(() => "")).trim();
    return `another engine${pid && ` (process ${pid})`} uses ${dataRoot}: set DOCKER_HOST to where it listens`;
  }
}

/** An engine that was started here. */
class Starting {
  readonly #child: ChildProcess;
  readonly #log: string;
  /** Where in the log its own lines begin. */
  readonly #from: number;
  #error: string | undefined;

  private constructor(child: ChildProcess, log: string, from: number) {
    this.#child = child;
    this.#log = log;
    this.#from = from;
    child.on("error", (error) => {
      this.#error = error.message;
    });
  }

  static async begin(options: OwnEngineOptions, host: string, log: string): Promise<Starting> {
    const [program, ...argv] = options.daemon;
    const flags = ["-H", host, "--data-root", options.dataRoot, "--exit-when-idle", options.idleTime, "--share-binds"];
    const file = await open(log, (await sizeOf(log)) > maximumLog ? "w" : "a", 0o600);
    try {
      const from = await sizeOf(log);
      // A session of its own: neither the terminal's signals nor its end reach it.
      const child = spawn(program, [...argv, ...flags], {
        cwd: options.dataRoot,
        detached: true,
        stdio: ["ignore", file.fd, file.fd],
      });
      child.unref();
      const starting = new Starting(child, log, from);
      await regardless(Promise.race([once(child, "spawn"), once(child, "error")]));
      return starting;
    } finally {
      await file.close();
    }
  }

  get running(): boolean {
    return this.#error === undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its last words. */
  async said(): Promise<string> {
    if (this.#error !== undefined) return this.#error;
    const text = (await readFile(this.#log)).subarray(this.#from).toString().trimEnd();
    return text.split("\n").at(-1) || `it ended with ${this.#child.exitCode ?? this.#child.signalCode}`;
  }
}

const maximumLog = 1 << 20;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function failure(reason = "it does not stay", log?: string): CliError {
  const where = log === undefined ? "" : `\nIts log is ${log}`;
  return new CliError(`Cannot start Wherry's engine: ${reason.replace(/^failed to start daemon: /, "")}${where}`);
}

/** `wherry` in the user's data folder (XDG Base Directory: a relative XDG_DATA_HOME is ignored). */
export function ownDataRoot(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join(homedir(), ".local/share");
  return join(base, "wherry");
}
