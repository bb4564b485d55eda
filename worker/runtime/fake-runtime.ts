import { unavailable } from "../errdefs/errors.ts";
import type { ExitStatus, GuestOperation, TerminalSize } from "../shim/guest.ts";
import type { Bundle, BundleOptions, Metrics, Process, Runtime, Stdio, Task, TaskExit } from "./runtime.ts";
import { StartFailed } from "./runtime.ts";
import type { LinuxResources, ProcessSpec, Spec } from "./spec/types.ts";

/**
 * A runtime without a guest, for tests of what stands on one. It knows a handful of programs: `true`, `false`, `exit N`,
 * `echo WORDS`, `flood N` (N times 64 KiB), `cat` (stdin to stdout, until stdin closes), `sleep` (until it is killed; ends at TERM), `stubborn` (as sleep,
 * but heeds KILL alone), `holder` (ends at once, its output stays open) and `oom`. Any other name is not found.
 */
export class FakeRuntime implements Runtime {
  readonly name = "fake";
  /** Files that every root filesystem has. */
  readonly files = new Map<string, string>([
    ["/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n"],
    ["/etc/group", "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\n"],
  ]);
  readonly tasks = new Map<string, FakeTask>();
  /** Everything that was started, in order. */
  readonly specs: Spec[] = [];
  readonly operations: GuestOperation[] = [];
  readonly #processes = new Set<FakeProcess>();
  #nextPid = 100;

  prepare(id: string, options: BundleOptions): Bundle {
    this.operations.push(...(options.before ?? []));
    return {
      rootfs: `/bundles/${id}/rootfs`,
      binds: `/bundles/${id}/binds`,
      shm: `/bundles/${id}/shm`,
      add: (operations) => void this.operations.push(...operations),
      read: async (path) => this.readFile(path),
      discard: async () => undefined,
      start: async (spec, stdio) => {
        checkProgram("create", spec.process);
        const task = new FakeTask(this, id, spec, this.spawn(spec.process, stdio));
        this.specs.push(spec);
        this.tasks.set(id, task);
        return task;
      },
    };
  }

  readFile(path: string): Uint8Array | undefined {
    const text = this.files.get(path);
    return text === undefined ? undefined : new TextEncoder().encode(text);
  }

  spawn(spec: ProcessSpec, stdio: Stdio): FakeProcess {
    const process = new FakeProcess(this.#nextPid++, spec.args, stdio);
    this.#processes.add(process);
    return process;
  }

  /** The guest is gone, with all that runs in it. */
  lose(): void {
    for (const process of this.#processes) process.lose();
    this.#processes.clear();
    this.tasks.clear();
  }
}

class FakeProcess implements Process {
  readonly pid: number;
  declare readonly stdin?: WritableStream<Uint8Array>;
  declare readonly stdout?: ReadableStream<Uint8Array>;
  declare readonly stderr?: ReadableStream<Uint8Array>;
  readonly exited: Promise<ExitStatus>;
  size: TerminalSize | undefined;
  readonly oomKilled: boolean;
  readonly #args: readonly string[];
  #exit: (status: ExitStatus) => void = () => undefined;
  #lose: (error: Error) => void = () => undefined;
  #outputs: ReadableStreamDefaultController<Uint8Array>[] = [];
  #ended = false;

  constructor(pid: number, args: readonly string[], stdio: Stdio) {
    this.pid = pid;
    this.#args = args;
    this.size = stdio.terminal?.size;
    this.oomKilled = args[0] === "oom";
    this.exited = new Promise((resolve, reject) => {
      this.#exit = resolve;
      this.#lose = reject;
    });
    // Nobody has to wait for it.
    this.exited.catch(() => undefined);
    if (stdio.stdout) this.stdout = this.#output();
    if (stdio.stderr && !stdio.terminal) this.stderr = this.#output();
    if (stdio.stdin) this.stdin = this.#input();
    this.#run(stdio);
  }

  async kill(signal: number): Promise<void> {
    const heeded = this.#args[0] === "stubborn" ? signal === 9 : [1, 2, 9, 15].includes(signal);
    if (heeded) this.end(128 + signal, signal);
  }

  async resize(size: TerminalSize): Promise<void> {
    this.size = size;
  }

  end(code: number, signal?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#args[0] !== "holder") for (const output of this.#outputs) output.close();
    this.#exit({ code, ...(signal !== undefined && { signal }), at: new Date() });
  }

  lose(): void {
    this.#ended = true;
    this.#lose(unavailable("the guest is gone"));
  }

  #run(stdio: Stdio): void {
    const [program = "", ...rest] = this.#args;
    if (program === "echo") this.#write(`${rest.join(" ")}${stdio.terminal ? "\r\n" : "\n"}`);
    if (program === "flood") for (let left = Number(rest[0]); left > 0; left--) this.#write("x".repeat(65_536));
    if (["sleep", "stubborn"].includes(program) || (program === "cat" && stdio.stdin)) return;
    const code = program === "exit" ? Number(rest[0]) : { false: 1, oom: 137 }[program];
    queueMicrotask(() => this.end(code ?? 0));
  }

  #write(text: string): void {
    this.#outputs[0]?.enqueue(new TextEncoder().encode(text));
  }

  #output(): ReadableStream<Uint8Array> {
    return new ReadableStream({ start: (controller) => void this.#outputs.push(controller) });
  }

  #input(): WritableStream<Uint8Array> {
    const echo = this.#args[0] === "cat";
    return new WritableStream({
      write: (bytes) => {
        if (this.#ended) throw new Error("EPIPE");
        if (echo) this.#outputs[0]?.enqueue(bytes.slice());
      },
      close: () => {
        if (echo) this.end(0);
      },
    });
  }
}

export class FakeTask implements Task {
  readonly id: string;
  readonly shm: string;
  readonly spec: Spec;
  readonly main: FakeProcess;
  readonly pid: number;
  declare readonly stdin?: WritableStream<Uint8Array>;
  declare readonly stdout?: ReadableStream<Uint8Array>;
  declare readonly stderr?: ReadableStream<Uint8Array>;
  readonly exited: Promise<ExitStatus>;
  paused = false;
  deleted = false;
  updates: LinuxResources[] = [];
  /** Signals that wait for it to go on. */
  readonly #pending: number[] = [];
  readonly execs: ProcessSpec[] = [];
  readonly #runtime: FakeRuntime;

  constructor(runtime: FakeRuntime, id: string, spec: Spec, main: FakeProcess) {
    this.#runtime = runtime;
    this.id = id;
    this.shm = `/bundles/${id}/shm`;
    this.spec = spec;
    this.main = main;
    this.pid = main.pid;
    this.exited = main.exited;
    if (main.stdin) this.stdin = main.stdin;
    if (main.stdout) this.stdout = main.stdout;
    if (main.stderr) this.stderr = main.stderr;
  }

  async kill(signal: number): Promise<void> {
    if (this.paused && signal !== 9) this.#pending.push(signal);
    else await this.main.kill(signal);
  }

  resize(size: TerminalSize): Promise<void> {
    return this.main.resize(size);
  }

  async exec(_execId: string, process: ProcessSpec, stdio: Stdio): Promise<Process> {
    checkProgram("exec", process);
    this.execs.push(process);
    return this.#runtime.spawn(process, stdio);
  }

  async pause(): Promise<void> {
    this.paused = true;
  }

  async resume(): Promise<void> {
    this.paused = false;
    for (const signal of this.#pending.splice(0)) await this.main.kill(signal);
  }

  async update(resources: LinuxResources): Promise<void> {
    this.updates.push(resources);
  }

  async killAll(): Promise<void> {
    this.main.end(137, 9);
  }

  async metrics(): Promise<Metrics> {
    return {
      cpu: { total: 5e6, user: 3e6, system: 2e6, periods: 0, throttledPeriods: 0, throttledTime: 0 },
      systemCpu: 1e9,
      memory: { usage: 4096, limit: this.spec.linux.resources.memory?.limit, stat: { inactive_file: 0 } },
      pids: { current: 1, limit: this.spec.linux.resources.pids?.limit },
      io: [],
    };
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#runtime.readFile(path);
  }

  async pids(): Promise<readonly number[]> {
    return [this.pid];
  }

  async delete(): Promise<TaskExit> {
    this.deleted = true;
    this.#runtime.tasks.delete(this.id);
    return { oomKilled: this.main.oomKilled };
  }
}

const programs = ["true", "false", "exit", "echo", "flood", "cat", "sleep", "stubborn", "holder", "oom"];

function checkProgram(kind: "create" | "exec", { args }: ProcessSpec): void {
  const [program = ""] = args;
  if (programs.includes(program)) return;
  const prefix = kind === "create" ? "failed to create task for container: " : "OCI runtime exec failed: exec failed: ";
  throw new StartFailed(`${prefix}exec: ${JSON.stringify(program)}: executable file not found in $PATH`, 127);
}
