import { regardless, toldElsewhere } from "../internal/failures.ts";
import type { ExitStatus, Guest, GuestOperation, GuestProcess, SpawnOptions } from "../shim/guest.ts";
import { GuestError, RuntimeFailed } from "../shim/guest.ts";
import { cgroupFileNames, parseFlat, parseMetrics, resourceOperations } from "./cgroup.ts";
import { translateCrunFailure } from "./crun-errors.ts";
import type { Bundle, BundleOptions, Metrics, Process, Runtime, Stdio, Task, TaskExit } from "./runtime.ts";
import { defaultDeviceRules } from "./spec/devices.ts";
import type { LinuxResources, ProcessSpec, Spec } from "./spec/types.ts";

const bundles = "/run/wherry/containers";
/** Console sockets have a folder of their own: a unix socket's path has room for 107 characters, and an ID takes 64. */
const consoles = "/run/wherry/consoles";
const stateRoot = "/run/crun";
const cgroupRoot = "/sys/fs/cgroup";
const crun = "/usr/bin/crun";
const sigkill = 9;
/** How deep cgroups that a container made are looked for when it is cleared away. */
const nestedCgroups = 5;
/** Round trips to the guest that the end of killed processes may take. */
const mostTries = 100;

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/**
 * crun in one guest. A start is one `crun create`, and all that it needs is sent in the same breath; everything after it (the
 * go-ahead, signals, freezing, limits, clearing away) is done on the kernel's own files, without another crun.
 */
export class CrunRuntime implements Runtime {
  readonly name = "crun";
  readonly #guest: Guest;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  prepare(id: string, options: BundleOptions): Bundle {
    return new CrunBundle(this.#guest, id, options);
  }
}

class CrunBundle implements Bundle {
  readonly rootfs: string;
  readonly binds: string;
  readonly shm: string;
  readonly #guest: Guest;
  readonly #id: string;
  readonly #path: string;
  /** Not sent yet. */
  #pending: GuestOperation[];
  /** From the first that crun may have made it. */
  #cgroup: string | undefined;

  constructor(guest: Guest, id: string, options: BundleOptions) {
    this.#guest = guest;
    this.#id = id;
    this.#path = `${bundles}/${id}`;
    this.rootfs = `${this.#path}/rootfs`;
    this.binds = `${this.#path}/binds`;
    this.shm = `${this.#path}/shm`;
    this.#pending = [
      ...(options.before ?? []),
      { op: "mkdir", path: this.rootfs, mode: 0o755, parents: true },
      ...options.rootfs.map((mount): GuestOperation => ({ op: "mount", target: this.rootfs, ...mount })),
    ];
  }

  add(operations: readonly GuestOperation[]): void {
    this.#pending.push(...operations);
  }

  async read(path: string, limit: number): Promise<Uint8Array | undefined> {
    const flushed = this.#flush();
    const bytes = readInRoot(this.#guest, this.rootfs, path, limit);
    await flushed;
    return bytes;
  }

  async start(spec: Spec, stdio: Stdio, signal?: AbortSignal): Promise<Task> {
    const config: Spec = { ...withoutDefaultDevices(spec), root: { ...spec.root, path: this.rootfs } };
    this.add([{ op: "write", path: `${this.#path}/config.json`, bytes: encode(JSON.stringify(config)), mode: 0o600 }]);
    if (stdio.terminal) this.add([consolesFolder]);
    this.#cgroup = `${cgroupRoot}${config.linux.cgroupsPath}`;
    const prepared = this.#flush();
    const call = {
      command: ["create", "--no-new-keyring", "--bundle", this.#path],
      id: this.#id,
      files: `${this.#path}/init`,
      socket: `${consoles}/${this.#id}`,
    };
    const spawned = spawnCrun(this.#guest, call, { ...stdio, ...(signal && { signal }) });
    toldElsewhere(spawned);
    try {
      await prepared;
      const process = await spawned;
      await this.#release();
      return new CrunTask(this.#guest, this.#id, config.linux.cgroupsPath, process);
    } catch (error) {
      await regardless(spawned.then((process) => process.kill(sigkill).then(() => process.exited)));
      await regardless(this.discard());
      // A crun that was killed leaves its container's first process, which may take a moment to end.
      if (signal?.aborted) await clearCgroup(this.#guest, this.#cgroup);
      throw error instanceof RuntimeFailed
        ? translateCrunFailure("create", error.message, spec.process.args[0] ?? "")
        : error;
    }
  }

  /** Lets the container's process go on to its program: what `crun start` would do. */
  async #release(): Promise<void> {
    const fifo = `${stateRoot}/${this.#id}/exec.fifo`;
    const bytes = encode("1");
    try {
      await this.#guest.run([
        { op: "write", path: fifo, bytes, mode: 0o600 },
        { op: "remove", path: fifo },
      ]);
    } catch (error) {
      // Nobody reads it: the process was killed before it began, and its exit says how.
      if (!(error instanceof GuestError && error.code === "ENXIO")) throw error;
    }
  }

  async discard(): Promise<void> {
    await clearAway(this.#guest, this.#id, this.#cgroup);
  }

  /** Answers when what is pending was carried out. Calls that are made afterwards come after it in the guest. */
  #flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length === 0) return Promise.resolve();
    const done = this.#guest.run(pending);
    toldElsewhere(done);
    return done;
  }
}

/**
 * A cgroup below /docker has Docker's own device rules from the agent. Having crun load a program with the same rules costs
 * a sixth of a start, most of it in the kernel's verifier; with other rules the program takes the place of the agent's.
 */
function withoutDefaultDevices(spec: Spec): Spec {
  const { devices, ...resources } = spec.linux.resources;
  const usual = JSON.stringify(devices) === JSON.stringify(defaultDeviceRules);
  const path = spec.linux.cgroupsPath;
  if (!usual || !path.startsWith("/docker/") || path.split("/").includes("..")) return spec;
  return { ...spec, linux: { ...spec.linux, resources } };
}

class CrunTask implements Task {
  readonly id: string;
  readonly shm: string;
  readonly pid: number;
  declare readonly stdin?: WritableStream<Uint8Array>;
  declare readonly stdout?: ReadableStream<Uint8Array>;
  declare readonly stderr?: ReadableStream<Uint8Array>;
  readonly exited: Promise<ExitStatus>;
  readonly #guest: Guest;
  readonly #process: GuestProcess;
  readonly #cgroup: string;

  constructor(guest: Guest, id: string, cgroupsPath: string, process: GuestProcess) {
    this.id = id;
    this.shm = `${bundles}/${id}/shm`;
    this.pid = process.pid;
    if (process.stdin) this.stdin = process.stdin;
    if (process.stdout) this.stdout = process.stdout;
    if (process.stderr) this.stderr = process.stderr;
    this.exited = process.exited;
    this.#guest = guest;
    this.#process = process;
    this.#cgroup = `${cgroupRoot}${cgroupsPath}`;
  }

  kill(signal: number): Promise<void> {
    return this.#process.kill(signal);
  }

  resize(size: { rows: number; columns: number }): Promise<void> {
    return this.#process.resize(size);
  }

  async exec(execId: string, process: ProcessSpec, stdio: Stdio): Promise<Process> {
    const files = `${bundles}/${this.id}/exec-${execId}`;
    const bytes = encode(JSON.stringify(process));
    const written = this.#guest.run([
      ...(stdio.terminal ? [consolesFolder] : []),
      { op: "write", path: `${files}.json`, bytes, mode: 0o600 },
    ]);
    const command = ["exec", "--detach", "--process", `${files}.json`];
    const call = { command, id: this.id, files, socket: `${consoles}/${execId}` };
    const spawned = spawnCrun(this.#guest, call, stdio);
    toldElsewhere(spawned);
    const clear = () =>
      this.#guest.run(
        [".json", ".pid", ".log"].map((suffix) => ({
          op: "remove",
          path: `${files}${suffix}`,
          missingOk: true,
        })),
      );
    try {
      await written;
      const started = await spawned;
      regardless(started.exited.then(clear));
      return started;
    } catch (error) {
      await regardless(clear());
      throw error instanceof RuntimeFailed ? translateCrunFailure("exec", error.message, process.args[0] ?? "") : error;
    }
  }

  pause(): Promise<void> {
    return this.#write("cgroup.freeze", "1");
  }

  resume(): Promise<void> {
    return this.#write("cgroup.freeze", "0");
  }

  killAll(): Promise<void> {
    return killAll(this.#guest, this.#cgroup);
  }

  async update(resources: LinuxResources): Promise<void> {
    await this.#guest.run(resourceOperations(this.#cgroup, resources));
  }

  async metrics(): Promise<Metrics> {
    const [procStat, ...texts] = await Promise.all([
      this.#text("/proc/stat"),
      ...cgroupFileNames.map((name) => this.#text(`${this.#cgroup}/${name}`)),
    ]);
    const files = Object.fromEntries(cgroupFileNames.map((name, index) => [name, texts[index]]));
    return parseMetrics(files, procStat);
  }

  read(path: string, limit: number): Promise<Uint8Array | undefined> {
    return readInRoot(this.#guest, `${bundles}/${this.id}/rootfs`, path, limit);
  }

  async pids(): Promise<readonly number[]> {
    const text = await this.#text(`${this.#cgroup}/cgroup.procs`);
    return text
      .split("\n")
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  }

  async delete(): Promise<TaskExit> {
    const events = this.#text(`${this.#cgroup}/memory.events`);
    const [text] = await Promise.all([events, regardless(clearAway(this.#guest, this.id, this.#cgroup))]);
    return { oomKilled: (parseFlat(text).oom_kill ?? 0) > 0 };
  }

  async #write(name: string, value: string): Promise<void> {
    await this.#guest.run([{ op: "write", path: `${this.#cgroup}/${name}`, bytes: encode(value), mode: 0o644 }]);
  }

  async #text(path: string): Promise<string> {
    return this.#guest.readFile(path, 1 << 18).then(decode, () => "");
  }
}

/** What is not a file inside `root` is not there. */
async function readInRoot(guest: Guest, root: string, path: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await guest.readFile(path, limit, { root });
  } catch (error) {
    const absent = ["ENOENT", "ENOTDIR", "EISDIR", "EINVAL", "ELOOP", "EXDEV"];
    if (error instanceof GuestError && absent.includes(error.code)) return undefined;
    throw error;
  }
}

/** Removes what a container, or the attempt to start one, leaves in the guest. */
async function clearAway(guest: Guest, id: string, cgroup: string | undefined): Promise<void> {
  const cleared = clearOperations(id);
  if (cgroup === undefined) return guest.run(cleared);
  try {
    await guest.run([...cleared, { op: "remove", path: cgroup, missingOk: true }]);
  } catch {
    await clearSlowly(guest, id, cgroup);
  }
}

/** Something is still in the cgroup (a process outside the pid namespace, a cgroup made by the container): end it first. */
async function clearSlowly(guest: Guest, id: string, cgroup: string): Promise<void> {
  await regardless(killAll(guest, cgroup));
  await regardless(guest.run(clearOperations(id)));
  await removeCgroup(guest, cgroup, nestedCgroups);
}

/** With those below it. Files in it go with it: what cannot be removed or listed is one. */
async function removeCgroup(guest: Guest, path: string, depth: number): Promise<void> {
  const names = depth > 0 ? await guest.readDir(path).catch(() => []) : [];
  for (const name of names) await removeCgroup(guest, `${path}/${name}`, depth - 1);
  await regardless(guest.run([{ op: "remove", path, missingOk: true }]));
}

function killAll(guest: Guest, cgroup: string): Promise<void> {
  return guest.run([{ op: "write", path: `${cgroup}/cgroup.kill`, bytes: encode("1"), mode: 0o644 }]);
}

/** What a container leaves in the guest besides its cgroup. The state directory is all that `crun delete` would remove. */
function clearOperations(id: string): GuestOperation[] {
  return [
    { op: "unmount", target: `${bundles}/${id}/rootfs`, lazy: true, missingOk: true },
    { op: "unmount", target: `${bundles}/${id}/binds`, lazy: true, missingOk: true },
    { op: "unmount", target: `${bundles}/${id}/shm`, lazy: true, missingOk: true },
    { op: "remove", path: `${consoles}/${id}`, missingOk: true },
    { op: "remove", path: `${stateRoot}/${id}`, recursive: true, missingOk: true },
    { op: "remove", path: `${bundles}/${id}`, recursive: true, missingOk: true },
  ];
}

/** Ends what is in a cgroup and removes it. The kernel refuses until the last process has gone through its end. */
async function clearCgroup(guest: Guest, path: string): Promise<void> {
  await regardless(killAll(guest, path));
  for (let left = mostTries; left > 0; left--) {
    const removed = guest.run([{ op: "remove", path, missingOk: true }]).then(
      () => true,
      (error: unknown) => !(error instanceof GuestError && error.code === "EBUSY"),
    );
    if (await removed) return;
  }
}

const consolesFolder: GuestOperation = { op: "mkdir", path: consoles, mode: 0o700, parents: true };

interface CrunCall {
  /** With options of its own. */
  readonly command: readonly string[];
  /** The container. */
  readonly id: string;
  /** Where the pid file and the log go, without their suffixes. */
  readonly files: string;
  readonly socket: string;
}

function spawnCrun(
  guest: Guest,
  { command, id, files, socket }: CrunCall,
  stdio: Stdio & Pick<SpawnOptions, "signal">,
): Promise<GuestProcess> {
  const console = stdio.terminal ? ["--console-socket", socket] : [];
  const options: SpawnOptions = {
    argv: [
      ...[crun, "--root", stateRoot, "--log", `${files}.log`, "--log-format", "json"],
      ...[...command, ...console, "--pid-file", `${files}.pid`, id],
    ],
    adopt: { pidFile: `${files}.pid`, errorLog: `${files}.log` },
    stdin: stdio.stdin,
    stdout: stdio.stdout,
    stderr: stdio.stderr,
    ...(stdio.terminal && { tty: { via: "console-socket", path: socket } }),
    ...(stdio.terminal?.size && { size: stdio.terminal.size }),
    ...(stdio.signal && { signal: stdio.signal }),
  };
  return guest.spawn(options);
}
