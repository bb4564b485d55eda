import type { AttachedStreams, ExecStartOptions } from "../api/types/backend.ts";
import type { ExecCreateRequest, ExecInspect } from "../api/types/exec.ts";
import { conflict, errorMessage, invalidParameter, notFound, system } from "../errdefs/errors.ts";
import { regardless } from "../internal/failures.ts";
import { generateId } from "../internal/ids.ts";
import { type Process, StartFailed, type Stdio } from "../runtime/runtime.ts";
import { containerEnvironment, mergeEnvironment } from "../runtime/spec/spec.ts";
import type { ProcessSpec } from "../runtime/spec/types.ts";
import { type ResolvedUser, readUserDatabase, resolveUser } from "../runtime/spec/user.ts";
import type { TerminalSize } from "../shim/guest.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { ExecEvents } from "./exec-events.ts";
import { clientStreams, promisedStreams } from "./exec-streams.ts";
import { addedProcessSpec } from "./process-spec.ts";

/** Docker forgets an exec that has ended after a while; here the oldest go when there are this many. */
const keptExecs = 500;

type ExecComponents = Pick<ContainersComponents, "events" | "clock">;

interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecCreateRequest;
  readonly user: ResolvedUser;
  readonly events: ExecEvents;
  state: "created" | "running" | "ended";
  exitCode: number | null;
  process: Process | undefined;
  size: TerminalSize | undefined;
}

/** Processes that are added to running containers. */
export class Execs {
  readonly #components: ExecComponents;
  readonly #table: ContainerTable;
  readonly #execs = new Map<string, Exec>();

  constructor(components: ExecComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  async create(reference: string, request: ExecCreateRequest): Promise<string> {
    const container = this.#table.get(reference);
    checkRuns(container, reference);
    if (!request.Cmd || request.Cmd.length === 0) throw invalidParameter("No exec command specified");
    const user = await findUser(container, request);
    checkDetachKeys(request.DetachKeys);
    const id = generateId();
    const unstarted = { state: "created", exitCode: null, process: undefined, size: undefined } as const;
    const events = new ExecEvents(this.#components.events, container, { id, args: request.Cmd });
    this.#execs.set(id, { id, container, request, user, events, ...unstarted });
    container.execIds.add(id);
    this.#forgetOld();
    events.created();
    return id;
  }

  async inspect(id: string): Promise<ExecInspect> {
    const { request, container, state, exitCode, process } = this.#get(id);
    const [entrypoint = "", ...rest] = request.Cmd ?? [];
    const user = request.User || container.record.config.User;
    return {
      ID: id,
      Running: state === "running",
      ExitCode: exitCode,
      ProcessConfig: {
        tty: request.Tty ?? false,
        entrypoint,
        arguments: rest,
        privileged: request.Privileged ?? false,
        ...(user && { user }),
      },
      OpenStdin: request.AttachStdin ?? false,
      OpenStderr: request.AttachStderr ?? false,
      OpenStdout: request.AttachStdout ?? false,
      CanRemove: state === "ended",
      ContainerID: container.id,
      DetachKeys: request.DetachKeys ?? "",
      Pid: process?.pid ?? 0,
    };
  }

  /**
   * Runs it with the client's streams, which are answered before it runs, as Docker does: clients that buffer the head of
   * the answer (docker-py) lose output that comes along with it. Why it could not run is written to the client's stdout,
   * because its connection is taken over by then; the exit code says the rest.
   */
  async start(id: string, options: ExecStartOptions): Promise<AttachedStreams> {
    const exec = this.#get(id);
    checkRuns(exec.container, exec.container.id);
    const { Tty: tty = false, AttachStdin: stdin = false } = exec.request;
    return promisedStreams({ tty, stdin }, this.#attached(exec, options));
  }

  async #attached(exec: Exec, options: ExecStartOptions): Promise<AttachedStreams> {
    const tty = exec.request.Tty ?? false;
    try {
      claim(exec);
      const process = await this.#run(exec, attachedStdio(exec.request, options));
      const leave = new AbortController();
      options.signal?.addEventListener("abort", () => leave.abort(), { once: true });
      if (options.signal?.aborted) leave.abort();
      const { clock } = this.#components;
      return clientStreams(process, {
        tty,
        detachKeys: exec.request.DetachKeys ?? "",
        clock,
        leave,
        detached: () => exec.events.detached(),
      });
    } catch (error) {
      const text = new TextEncoder().encode(`${errorMessage(error)}\r\n`);
      const stdout = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(text);
          controller.close();
        },
      });
      return { tty, stdout, ...(exec.request.AttachStdin && { stdin: new WritableStream() }) };
    }
  }

  async startDetached(id: string, options: Omit<ExecStartOptions, "signal">): Promise<void> {
    const exec = this.#get(id);
    checkRuns(exec.container, exec.container.id);
    claim(exec);
    try {
      const process = await this.#run(exec, {
        ...terminalOf(exec.request, options),
        stdin: false,
        stdout: false,
        stderr: false,
      });
      for (const stream of [process.stdout, process.stderr]) void drain(stream);
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error;
      throw error.exitCode === 128 ? system(error.message) : invalidParameter(error.message);
    }
  }

  async resize(id: string, size: TerminalSize): Promise<void> {
    const exec = this.#get(id);
    if (exec.state === "ended") throw conflict(`cannot resize a stopped exec: ${id}`);
    exec.size = size;
    if (exec.request.Tty) await exec.process?.resize(size);
  }

  async #run(exec: Exec, stdio: Stdio): Promise<Process> {
    const { container, id } = exec;
    const task = container.requireTask();
    let over = false;
    const end = () => {
      over = true;
    };
    task.exited.then(end, end);
    exec.events.starting();
    try {
      const spec = processSpec(exec);
      const process = await task.exec(id, spec, stdio);
      exec.process = process;
      process.exited.then(
        (status) => this.#ended(exec, status.code),
        () => this.#ended(exec, 137),
      );
      if (exec.size) await regardless(process.resize(exec.size));
      return process;
    } catch (error) {
      exec.state = "ended";
      container.execIds.delete(id);
      exec.exitCode = error instanceof StartFailed ? error.exitCode : 126;
      // Whatever it failed with followed from that.
      if (over) throw conflict(`container ${container.id} is not running`);
      throw error;
    }
  }

  #ended(exec: Exec, exitCode: number): void {
    exec.state = "ended";
    exec.exitCode = exitCode;
    exec.container.execIds.delete(exec.id);
    exec.events.died(exitCode);
  }

  #get(id: string): Exec {
    const exec = this.#execs.get(id);
    if (!exec) throw notFound(`No such exec instance: ${id}`);
    return exec;
  }

  #forgetOld(): void {
    for (const [id, exec] of this.#execs) {
      if (this.#execs.size <= keptExecs) return;
      if (exec.state === "running") continue;
      exec.container.execIds.delete(id);
      this.#execs.delete(id);
    }
  }
}

/** Docker has another word for them here than where a container is attached to. */
function checkDetachKeys(keys = ""): void {
  try {
    if (keys !== "") parseDetachKeys(keys);
  } catch {
    throw system(`Invalid escape keys (${keys}) provided`);
  }
}

/** An exec runs once. */
function claim(exec: Exec): void {
  if (exec.state === "running") throw conflict(`exec command ${exec.id} is already running`);
  if (exec.state === "ended") throw conflict(`exec command ${exec.id} has already run`);
  exec.state = "running";
}

function checkRuns(container: Container, reference: string): void {
  if (container.state.status === "paused") {
    throw conflict(`Container ${reference} is paused, unpause the container before exec`);
  }
  container.requireTask();
}

async function findUser(container: Container, request: ExecCreateRequest): Promise<ResolvedUser> {
  const { config, hostConfig } = container.record;
  const task = container.requireTask();
  const database = await readUserDatabase((path, limit) => task.read(path, limit));
  return resolveUser(request.User || config.User, hostConfig.GroupAdd ?? [], database);
}

function processSpec({ container, request, user }: Exec): ProcessSpec {
  if (request.WorkingDir && !request.WorkingDir.startsWith("/")) {
    throw new StartFailed("OCI runtime exec failed: exec failed: Cwd must be an absolute path", 128);
  }
  const environment = containerEnvironment({ ...container.record.config, Tty: request.Tty ?? false });
  return addedProcessSpec(container, {
    user,
    args: request.Cmd ?? [],
    env: mergeEnvironment(environment, request.Env ?? []),
    cwd: request.WorkingDir ?? "",
    privileged: request.Privileged ?? false,
    console: request.Tty ? (request.ConsoleSize ?? [0, 0]) : undefined,
  });
}

function attachedStdio(request: ExecCreateRequest, options: ExecStartOptions): Stdio {
  return {
    stdin: request.AttachStdin ?? false,
    stdout: request.AttachStdout ?? false,
    stderr: !request.Tty && (request.AttachStderr ?? false),
    ...terminalOf(request, options),
  };
}

function terminalOf(request: ExecCreateRequest, options: Pick<ExecStartOptions, "size">): Pick<Stdio, "terminal"> {
  const [rows = 0, columns = 0] = request.ConsoleSize ?? [];
  const size = options.size ?? (rows > 0 && columns > 0 ? { rows, columns } : undefined);
  return request.Tty ? { terminal: size ? { size } : {} } : {};
}

async function drain(stream: ReadableStream<Uint8Array> | undefined): Promise<void> {
  try {
    await stream?.pipeTo(new WritableStream());
  } catch {
    // The guest went away.
  }
}
