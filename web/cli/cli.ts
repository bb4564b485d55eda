import type { EngineApi } from "../../worker/api/engine-api.ts";
import { cleanPath } from "../../worker/internal/clean-path.ts";
import { ApiClient } from "./client.ts";
import { ConfigFile } from "./config-file.ts";
import type { CliContext } from "./context.ts";
import { Canceled, exitWith } from "./errors.ts";
import { Output } from "./output.ts";
import { chunks } from "./stream/bytes.ts";

const signalNumbers: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, USR1: 10, USR2: 12, TERM: 15 };

/** Signals to end after which the invocation ends in any case. */
const insistence = 3;

/** What ends a line that is typed; the last is Ctrl-C where the terminal is raw. */
const lineEnds = ["\r", "\n", "\u0003"];

/** One invocation of `docker`: what the commands work with. */
export class Cli {
  readonly context: CliContext;
  readonly api: ApiClient;
  readonly out: Output;
  readonly err: Output;
  readonly config: ConfigFile;
  /**
   * Aborted when the invocation should end: its caller is gone, or it was interrupted. The reason of an interruption is
   * the {@link CliError} to end with.
   */
  readonly signal: AbortSignal;
  readonly #interrupt = new AbortController();
  /** Resolves when the user insists: three signals, whatever the command does with them. */
  readonly insisted: Promise<void>;
  #insist: () => void = () => {};
  #terminations = 0;
  #listener: ((signal: string) => void) | undefined;
  readonly #subscription: { dispose(): void };

  constructor(context: CliContext, engine: EngineApi) {
    this.context = context;
    this.signal = AbortSignal.any([context.signal, this.#interrupt.signal]);
    const { DOCKER_HOST: host, DOCKER_API_VERSION: version } = context.env;
    this.api = new ApiClient(engine, this.signal, host || "unix:///var/run/docker.sock", version);
    this.out = new Output(context.stdout, context.tty.stdout);
    this.err = new Output(context.stderr, context.tty.stderr);
    this.config = new ConfigFile(context, (text) => this.err.line(text));
    this.insisted = new Promise((resolve) => {
      this.#insist = resolve;
    });
    this.#subscription = context.onSignal((signal) => this.#onSignal(signal));
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now();
  }

  /** Until disposed, signals go to `listener` (which proxies them to a container) and do not end the invocation. */
  takeSignals(listener: (signal: string) => void): { dispose(): void } {
    this.#listener = listener;
    return {
      dispose: () => {
        if (this.#listener === listener) this.#listener = undefined;
      },
    };
  }

  /** Absolute form of a path that the user typed. */
  resolvePath(path: string): string {
    if (path === "~" || path.startsWith("~/")) return (this.context.env.HOME ?? "") + path.slice(1);
    return cleanPath(path.startsWith("/") ? path : `${this.context.cwd}/${path}`);
  }

  /** Asks on stdout and reads a line: the `[y/N]` of the prune commands. An interruption is a no. */
  async confirm(question: string): Promise<boolean> {
    await this.out.write(`${question} [y/N] `);
    try {
      const answer = (await this.readLine()).trim().toLowerCase();
      return answer === "y" || answer === "yes";
    } catch (error) {
      if (!this.signal.aborted) throw error;
      await this.out.write("\n");
      throw new Canceled();
    }
  }

  /**
   * One line of stdin without its end; empty at the end of the input. A Ctrl-C that raw mode lets through ends it too.
   * @throws the signal's reason when it is interrupted
   */
  async readLine(): Promise<string> {
    const reader = this.context.stdin.getReader();
    const decoder = new TextDecoder();
    let text = "";
    // A read that waits is given up with its reader.
    const giveUp = () => reader.releaseLock();
    this.signal.addEventListener("abort", giveUp, { once: true });
    try {
      while (!lineEnds.some((end) => text.includes(end)) && text.length < 65_536) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
      }
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      this.signal.removeEventListener("abort", giveUp);
      reader.releaseLock();
    }
    return text.split(/[\r\n]/, 1)[0] ?? "";
  }

  /** All of stdin as text, which is to be short. */
  async readAll(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunks(this.context.stdin)) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > 1 << 20) throw new Error("too much on stdin");
    }
    return text;
  }

  /** Writes out what is pending and gives the streams back. */
  async release(): Promise<void> {
    this.#subscription.dispose();
    await Promise.all([this.out.release(), this.err.release()]);
  }

  #onSignal(signal: string): void {
    if (signal === "INT" || signal === "TERM") this.#terminations += 1;
    if (this.#terminations === insistence) this.#insist();
    if (this.#listener) this.#listener(signal);
    else this.#interrupt.abort(exitWith(128 + (signalNumbers[signal] ?? 15)));
  }
}
