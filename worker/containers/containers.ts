import type {
  AttachedStreams,
  ContainerAttachOptions,
  ContainerCreateOptions,
  ContainerListOptions,
  ContainerLogs,
  ContainerLogsOptions,
  ContainerRemoveOptions,
  ContainerStatsOptions,
  ContainerStopOptions,
} from "../api/types/backend.ts";
import type { Filters } from "../api/types/common.ts";
import type {
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContainersPruneReport,
  ContainerTopResponse,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  WaitCondition,
} from "../api/types/container.ts";
import type { ContainerStats } from "../api/types/stats.ts";
import { conflict, EngineError, invalidParameter, isEngineError, system } from "../errdefs/errors.ts";
import { abortable } from "../internal/abort.ts";
import type { Digest } from "../oci/digest.ts";
import type { TerminalSize } from "../shim/guest.ts";
import { attach } from "./attach.ts";
import type { ContainersComponents } from "./components.ts";
import { type Container, type ContainerExit, noted } from "./container.ts";
import { openLogForReading } from "./container-log.ts";
import { ContainerTable } from "./container-table.ts";
import { Creator } from "./creator.ts";
import { Execs } from "./execs.ts";
import { ContainerView } from "./inspect.ts";
import { Launcher } from "./launch.ts";
import { Lifecycle } from "./lifecycle.ts";
import { listContainers } from "./list.ts";
import { pruneContainers } from "./prune.ts";
import { Remover } from "./remover.ts";
import { renameContainer } from "./rename.ts";
import { statsStream } from "./stats.ts";
import { Stopper } from "./stopper.ts";
import { containerTop } from "./top.ts";
import { updateContainer } from "./update.ts";

/** The containers of the engine. Life cycle: `open` settles what a former engine left; `close` ends what runs. */
export class Containers {
  readonly execs: Execs;
  readonly #components: ContainersComponents;
  readonly #table: ContainerTable;
  readonly #view: ContainerView;
  readonly #creator: Creator;
  readonly #lifecycle: Lifecycle;
  readonly #stopper: Stopper;
  readonly #remover: Remover;
  readonly #listening: { dispose(): void };

  private constructor(components: ContainersComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
    this.execs = new Execs(components, table);
    this.#view = new ContainerView(components, table);
    this.#creator = new Creator(components, table);
    this.#stopper = new Stopper(components);
    this.#remover = new Remover(components, table);
    const launcher = new Launcher(components, table);
    this.#lifecycle = new Lifecycle(components, { table, creator: this.#creator, launcher, remover: this.#remover });
    this.#listening = components.host.onGone(() => void this.#lifecycle.guestGone());
  }

  static async open(components: ContainersComponents): Promise<Containers> {
    const containers = new Containers(components, await ContainerTable.open(components.records));
    await containers.#lifecycle.recover();
    return containers;
  }

  /** Kills what runs, so that its end is recorded, and waits until all logs are kept. */
  async close(): Promise<void> {
    this.#listening.dispose();
    const running = this.#table.all().filter((container) => container.isRunning);
    const failed = ({ id }: Container) => {
      return (error: unknown) => this.#components.onError?.(`ending container ${id}`, error);
    };
    await Promise.all(running.map((container) => this.#stopper.killForRemoval(container).catch(failed(container))));
    await this.#components.logs.flush();
  }

  /** How many there are, by state; and which images and volumes they use. For `info`, `rmi` and `df`. */
  usage(): readonly ContainerUsage[] {
    return this.#table.all().map((container) => ({
      id: container.id,
      name: container.name,
      imageId: container.record.imageId,
      diffIds: container.record.diffIds,
      imageReference: container.record.config.Image,
      state: container.state.status,
      volumes: container.record.mounts.flatMap(({ point }) => (point.Name === undefined ? [] : [point.Name])),
    }));
  }

  list(options: ContainerListOptions): Promise<readonly ContainerSummary[]> {
    return listContainers(this.#components, this.#table, this.#view, options);
  }

  create(options: ContainerCreateOptions): Promise<ContainerCreateResponse> {
    return this.#creator.create(options);
  }

  async inspect(name: string, options: { readonly size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#view.inspect(this.#table.get(name), options);
  }

  async start(name: string): Promise<void> {
    await this.#lifecycle.start(this.#table.get(name));
  }

  async stop(name: string, options: ContainerStopOptions = {}): Promise<void> {
    await this.#stopper.stop(this.#table.get(name), options, `cannot stop container: ${name}: `);
  }

  async restart(name: string, options: ContainerStopOptions = {}): Promise<void> {
    const container = this.#table.get(name);
    try {
      await this.#restart(container, options);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      throw new EngineError(error.name, `Cannot restart container ${name}: ${error.message}`, { cause: error });
    }
    this.#event(container, "restart");
  }

  async #restart(container: Container, options: ContainerStopOptions): Promise<void> {
    container.kept = true;
    try {
      if (container.isRunning) await this.#stopper.stop(container, options, "");
    } finally {
      container.kept = false;
    }
    try {
      await this.#lifecycle.start(container);
    } catch (error) {
      // Another restarted it meanwhile, which is as good.
      if (!isEngineError(error, "NotModified")) throw error;
    }
  }

  async kill(name: string, signal?: string): Promise<void> {
    await this.#stopper.kill(() => this.#table.get(name), name, signal);
  }

  async pause(name: string): Promise<void> {
    const container = this.#table.get(name);
    return container.lock.run(async () => {
      if (container.state.status === "paused") throw conflict(`Container ${container.id} is already paused`);
      await container.requireTask().pause();
      // As Docker: who is not looked after is not healthy.
      if (container.health) container.health = { ...container.health, Status: "unhealthy" };
      await noted(this.#components, container, { status: "paused" });
      this.#event(container, "pause");
    });
  }

  async unpause(name: string): Promise<void> {
    const container = this.#table.get(name);
    return container.lock.run(async () => {
      if (container.state.status !== "paused") throw system(`Container ${container.id} is not paused`);
      await container.requireTask().resume();
      await noted(this.#components, container, { status: "running" });
      this.#event(container, "unpause");
    });
  }

  async rename(name: string, newName: string): Promise<void> {
    await renameContainer(this.#components, this.#table, this.#table.get(name), { reference: name, newName });
  }

  async resize(name: string, size: TerminalSize): Promise<void> {
    const container = this.#table.get(name);
    const task = container.requireTask();
    // Without a terminal there is nothing to size, and nothing wrong.
    if (container.record.config.Tty) await task.resize(size);
    this.#event(container, "resize", { height: String(size.rows), width: String(size.columns) });
  }

  async remove(name: string, options: ContainerRemoveOptions): Promise<void> {
    const container = this.#table.get(name);
    if (container.removing) throw conflict(`removal of container ${name} is already in progress`);
    // There are no links but that by which every container is known.
    if (options.removeLink) throw system("Conflict, cannot remove the default link name of the container");
    container.removing = true;
    try {
      if (options.force) await this.#stopper.killForRemoval(container);
      await container.lock.run(async () => {
        // With --rm it went by itself meanwhile.
        if (container.gone) return;
        if (container.isRunning)
          throw conflict(`cannot remove container ${JSON.stringify(name)}: ${whyNot(container)}`);
        await this.#remover.remove(container, { removeVolumes: options.removeVolumes });
      });
    } catch (error) {
      container.removing = false;
      throw error;
    }
  }

  async wait(
    name: string,
    { condition, signal }: { readonly condition: WaitCondition; readonly signal?: AbortSignal },
  ): Promise<{ readonly result: Promise<ContainerWaitResponse> }> {
    const container = this.#table.get(name);
    const exit = (): Promise<ContainerExit> => {
      if (condition === "removed") return container.removal();
      if (condition === "next-exit") return container.nextExit();
      return container.isRunning ? container.nextExit() : Promise.resolve(container.lastExit);
    };
    const answered = exit().then(({ exitCode, error }) => ({
      StatusCode: exitCode,
      // Whoever waits for the removal is told of a failed start by the start itself.
      ...(error !== "" && condition !== "removed" && { Error: { Message: error } }),
    }));
    return { result: abortable(answered, signal) };
  }

  async attach(name: string, options: ContainerAttachOptions): Promise<AttachedStreams> {
    return attach(this.#components, () => this.#table.get(name), name, options);
  }

  async logs(name: string, options: ContainerLogsOptions): Promise<ContainerLogs> {
    const container = this.#table.get(name);
    if (!options.stdout && !options.stderr) {
      throw invalidParameter("Bad parameters: you must choose at least one stream");
    }
    if (container.removing) {
      throw conflict("can not get logs from container which is dead or marked for removal");
    }
    const log = await openLogForReading(this.#components.logs, container.record);
    return { tty: container.record.config.Tty, frames: log.read(options) };
  }

  async stats(name: string, options: ContainerStatsOptions): Promise<ReadableStream<ContainerStats>> {
    const container = this.#table.get(name);
    if (options.stream && options.oneShot) throw invalidParameter("cannot have stream=true and one-shot=true");
    return statsStream(this.#components, container, options);
  }

  async top(name: string, psArgs: string): Promise<ContainerTopResponse> {
    const container = this.#table.get(name);
    const task = container.requireTask();
    const { host, clock } = this.#components;
    const [{ guest }, pids] = await Promise.all([host.current(), task.pids()]);
    const answer = await containerTop(guest, pids, psArgs, { memory: host.machine.memory, now: clock.now() });
    this.#event(container, "top");
    return answer;
  }

  async update(name: string, changes: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    const warnings = await updateContainer(this.#components, () => this.#table.get(name), changes);
    return { Warnings: warnings.length > 0 ? warnings : null };
  }

  async prune({ filters }: { readonly filters: Filters }): Promise<ContainersPruneReport> {
    const parts = {
      containers: this.#table.all(),
      sizes: (container: Container) => this.#view.sizes(container),
      remove: ({ id }: Container) => this.remove(id, { force: false, removeVolumes: false, removeLink: false }),
    };
    return pruneContainers(this.#components, parts, filters);
  }

  #event(container: Container, action: string, more: Readonly<Record<string, string>> = {}): void {
    this.#components.events.publish("container", action, container.id, container.attributes(more));
  }
}

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** Layers below it. */
  readonly diffIds: readonly Digest[];
  readonly imageReference: string;
  readonly state: string;
  readonly volumes: readonly string[];
}

function whyNot(container: Container): string {
  if (container.state.status === "paused") return "container is paused and must be unpaused first";
  const word = container.state.status === "restarting" ? "restarting" : "running";
  return `container is ${word}: stop the container before removing or force remove`;
}
