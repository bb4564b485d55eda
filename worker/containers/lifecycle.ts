import { conflict, errorMessage, invalidParameter, isEngineError, notModified, system } from "../errdefs/errors.ts";
import { rfc3339Nano, settlesWithin } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import type { ContainerLog } from "../logger/log.ts";
import { StartFailed, type Task } from "../runtime/runtime.ts";
import type { ExitStatus } from "../shim/guest.ts";
import type { ContainersComponents } from "./components.ts";
import { type Container, lostLayer, noted, type RunningTask } from "./container.ts";
import { openLog } from "./container-log.ts";
import type { ContainerTable } from "./container-table.ts";
import type { Creator } from "./creator.ts";
import { HealthMonitor } from "./health.ts";
import type { Launcher, LaunchOptions } from "./launch.ts";
import { drainTime } from "./output-fan.ts";
import type { StateRecord } from "./record.ts";
import type { Remover } from "./remover.ts";
import { announceFailedStart, announceGivenBack, announceTaken } from "./resource-events.ts";
import { restartPause, restarts } from "./restart-policy.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { SIGKILL } from "./signals.ts";
import { ContainerStdio } from "./stdio.ts";

const lostExitCode = 255;

type LifecycleComponents = Pick<
  ContainersComponents,
  "host" | "snapshotter" | "sandboxes" | "volumes" | "events" | "logs" | "clock" | "onError"
>;

export interface LifecycleParts {
  readonly table: ContainerTable;
  readonly creator: Pick<Creator, "prepareSnapshot">;
  readonly launcher: Launcher;
  readonly remover: Remover;
}

/** Starts containers and sees them to their end: exit status, OOM, restart policy, `--rm`, and the loss of the guest. */
export class Lifecycle {
  readonly #components: LifecycleComponents;
  readonly #parts: LifecycleParts;
  /** Of each container that is restarting: milliseconds before the last restart. */
  readonly #pauses = new WeakMap<Container, number>();

  constructor(components: LifecycleComponents, parts: LifecycleParts) {
    this.#components = components;
    this.#parts = parts;
  }

  /** `NotModified` when it runs already. */
  start(container: Container): Promise<void> {
    return container.lock.run(async () => {
      if (container.removing || container.state.status === "dead") {
        throw conflict("container is marked for removal and cannot be started");
      }
      if (container.state.status === "paused") {
        throw conflict("cannot start a paused container, try unpause instead");
      }
      if (container.isRunning) throw notModified("");
      if (container.layerLost) throw conflict(lostLayer);
      await container.update({ stoppedByUser: false, restartCount: 0 });
      this.#pauses.delete(container);
      await this.#run(container);
    });
  }

  /** Everything that was in the guest is gone. Never rejects. */
  async guestGone(): Promise<void> {
    const { snapshotter } = this.#components;
    await Promise.all(
      this.#parts.table.all().map(async (container) => {
        container.snapshot = undefined;
        if (!container.state.used || snapshotter.durable) return;
        container.layerLost = true;
        // What runs hears of it by its task.
        if (container.running) return;
        if (container.restartPause && container.state.status === "restarting") await this.#giveUpRestart(container);
        else await noted(this.#components, container, { error: lostLayer });
      }),
    );
  }

  /** Settles what a former engine left: what ran then runs no more. */
  async recover(): Promise<void> {
    await this.#components.logs.sweep(new Set(this.#parts.table.all().map(({ id }) => id)));
    for (const container of this.#parts.table.all()) {
      for (const { point } of container.record.mounts) {
        if (point.Name === undefined) continue;
        await this.#components.volumes.acquire({ name: point.Name, container: container.id });
      }
      const lost = container.state.used && !this.#components.snapshotter.durable;
      container.layerLost = lost;
      const ended = container.isRunning;
      if (ended && container.record.hostConfig.AutoRemove) {
        await this.#parts.remover.discard(container);
        continue;
      }
      if (!ended && (!lost || container.state.error === lostLayer)) continue;
      await container.updateState({
        ...(ended && { status: "exited", exitCode: lostExitCode, finishedAt: this.#now(), pid: 0 }),
        ...(lost && { error: lostLayer }),
      });
    }
  }

  async #run(container: Container): Promise<void> {
    const { sandboxes, logs, events } = this.#components;
    const sandbox = await sandboxes.create(sandboxRequest(container.record, this.#parts.table));
    let task: Task;
    let log: ContainerLog;
    try {
      // Before the launch: what fails after it leaves a process behind.
      log = await openLog(logs, container.record);
      task = await this.#launch(container, { rootfs: await this.#rootfs(container), sandbox });
    } catch (error) {
      await sandbox.release().catch((failure) => this.#failed("releasing a sandbox", container, failure));
      if (error instanceof StartFailed || isEngineError(error)) {
        announceFailedStart(events, container, sandbox.settings);
      }
      throw await this.#startFailed(container, error);
    }
    log.open();
    const drained = container.stdio.connect(task, (stream, bytes) => log.write(stream, bytes));
    container.record = { ...container.record, state: { ...container.state, pid: task.pid } };
    // It rejects when the guest is gone.
    const exited = task.exited.catch(() => undefined);
    const ended = exited.then((status) => this.#ended(container, task, status, drained));
    ended.catch((error: unknown) => this.#failed("recording the end", container, error));
    container.running = { task, sandbox, networkSettings: sandbox.settings, log, ended };
    announceTaken(events, container, sandbox.settings);
    events.publish("container", "start", container.id, container.attributes());
    const monitor = new HealthMonitor(this.#components, container, task);
    monitor.start();
    void exited.then(() => monitor.stop());
  }

  async #launch(container: Container, options: Omit<LaunchOptions, "firstRun">): Promise<Task> {
    const previous = container.state;
    const launched = this.#parts.launcher.launch(container, { ...options, firstRun: !previous.used });
    // Recorded while the guest works. Should the engine die in between, the record tells of a run, not of none.
    const recorded = container.updateState({
      ...{ status: "running", startedAt: this.#now(), error: "", oomKilled: false, exitCode: 0, used: true },
    });
    try {
      const [task] = await Promise.all([launched, recorded]);
      return task;
    } catch (error) {
      const [launch] = await Promise.allSettled([launched, recorded]);
      if (launch.status === "fulfilled") await putDown(launch.value);
      // Of a layer in which nothing was written a lost guest took nothing.
      if (!previous.used) container.layerLost = false;
      container.record = { ...container.record, state: previous };
      throw error;
    }
  }

  async #rootfs(container: Container) {
    if (!container.snapshot && !container.state.used) this.#parts.creator.prepareSnapshot(container);
    return container.snapshot ?? this.#components.snapshotter.mounts(container.id);
  }

  /** Records why it did not start, and answers the error that the client gets. */
  async #startFailed(container: Container, error: unknown): Promise<unknown> {
    const text = errorMessage(error);
    const blamed = error instanceof StartFailed && error.exitCode !== 128 ? error.exitCode : undefined;
    // Docker leaves the code of an earlier run when the program is not to blame.
    const exitCode = blamed ?? (container.state.exitCode || 128);
    container.stdio.close();
    container.stdio = new ContainerStdio(container.record.config);
    try {
      await container.settleState({ error: text, exitCode, pid: 0 });
      if (container.record.hostConfig.AutoRemove) await this.#parts.remover.discard(container);
    } catch (failure) {
      // The client is told why it did not start, not what came after that.
      this.#failed("recording a failed start", container, failure);
    }
    if (isEngineError(error)) return error;
    return blamed === undefined ? system(text, { cause: error }) : invalidParameter(text, { cause: error });
  }

  async #ended(
    container: Container,
    task: Task,
    status: ExitStatus | undefined,
    drained: Promise<void>,
  ): Promise<void> {
    container.stdio.hurry();
    if (status) await settlesWithin(this.#components.clock, drained, drainTime);
    await container.lock.run(() => this.#settle(container, task, status));
  }

  /** Nothing that fails here may keep the container from being over, and who waits for it from being told. */
  async #settle(container: Container, task: Task, status: ExitStatus | undefined): Promise<void> {
    const failures: unknown[] = [];
    const tried = (step: Promise<void>) => step.catch((error: unknown) => void failures.push(error));
    const { running } = container;
    const exitCode = status?.code ?? lostExitCode;
    const next = fate(container, exitCode);
    // Once it is cleared the store does not know it any more.
    if (next === "removed") running?.log.close();
    const [oomKilled] = await Promise.all([
      status ? clearAway(task) : false,
      next === "removed" ? tried(this.#parts.remover.clear(container)) : undefined,
    ]);
    container.running = undefined;
    const finishedAt = this.#now();
    const ended: Partial<StateRecord> = {
      ...{ status: next === "restarted" ? "restarting" : "exited", exitCode, oomKilled, pid: 0, finishedAt },
      error: container.layerLost ? lostLayer : "",
    };
    // What is about to go is not written once more.
    if (next === "removed" && failures.length === 0) {
      container.record = { ...container.record, state: { ...container.state, ...ended } };
    } else await tried(container.settleState(ended));
    // Who has read the output to its end finds the exit code recorded.
    await tried(this.#closeRun(container, running));
    this.#announceEnd(container, running);
    if (next !== "removed") void this.#saveLog(container);
    if (next === "restarted") this.#restartLater(container);
    if (next === "removed" && failures.length === 0) await tried(this.#parts.remover.forget(container));
    if (failures.length === 0) return;
    if (next === "removed") {
      // It stays, to be removed by hand; who waits for its removal waits in vain.
      container.removing = false;
      container.announceRemoval();
    }
    throw failures[0];
  }

  #announceEnd(container: Container, running: RunningTask | undefined): void {
    const { events } = this.#components;
    const { exitCode, oomKilled } = container.state;
    if (oomKilled) events.publish("container", "oom", container.id, container.attributes());
    if (running) announceGivenBack(events, container, running.networkSettings);
    const execDuration = String(Math.max(0, Math.floor(ranFor(container) / 1000)));
    const attributes = container.attributes({ exitCode: String(exitCode), execDuration });
    events.publish("container", "die", container.id, attributes);
    container.announceExit();
  }

  async #saveLog(container: Container): Promise<void> {
    try {
      await this.#components.logs.save(container.id);
    } catch (error) {
      this.#failed("keeping the log", container, error);
    }
  }

  async #closeRun(container: Container, running: RunningTask | undefined): Promise<void> {
    container.stdio.close();
    container.stdio = new ContainerStdio(container.record.config);
    if (container.health) container.health = { ...container.health, Status: "unhealthy" };
    running?.log.close();
    await running?.sandbox.release();
  }

  #restartLater(container: Container): void {
    const pause = restartPause(this.#pauses.get(container) ?? 0, ranFor(container));
    this.#pauses.set(container, pause);
    const stop = new AbortController();
    container.restartPause = stop;
    const restart = async () => {
      await this.#components.clock.sleep(pause, stop.signal);
      await container.lock.run(async () => {
        if (stop.signal.aborted || container.state.status !== "restarting") return;
        container.record = { ...container.record, restartCount: container.record.restartCount + 1 };
        try {
          await this.#run(container);
        } catch (error) {
          this.#failed("restarting", container, error);
          await this.#neverRestarted(container);
        }
      });
    };
    // It rejects only when the pause is given up: what goes wrong after that is reported.
    restart().catch(() => undefined);
  }

  /** The guest was lost in the pause before a restart. */
  async #giveUpRestart(container: Container): Promise<void> {
    container.restartPause?.abort();
    await container.lock.run(async () => {
      if (container.state.status === "restarting") await this.#neverRestarted(container);
    });
  }

  async #neverRestarted(container: Container): Promise<void> {
    const lost = container.layerLost && { exitCode: lostExitCode, error: lostLayer };
    await noted(this.#components, container, { status: "exited", ...lost });
    container.announceExit();
  }

  #failed(operation: string, container: Container, error: unknown): void {
    this.#components.onError?.(`${operation} of container ${container.id}`, error);
  }

  #now(): string {
    return rfc3339Nano(this.#components.clock.nanos());
  }
}

/** What becomes of a container whose process has ended. */
function fate(container: Container, exitCode: number): "restarted" | "removed" | "left" {
  const { AutoRemove, RestartPolicy } = container.record.hostConfig;
  if (!container.layerLost && restarts(RestartPolicy, { ...container.record, exitCode })) return "restarted";
  return AutoRemove && !container.kept ? "removed" : "left";
}

/** Milliseconds that its last run took. */
function ranFor({ state }: Container): number {
  return Date.parse(state.finishedAt) - Date.parse(state.startedAt);
}

/** Gives back what the guest keeps of a task that has ended, and answers whether memory ran out. It may be gone with the guest. */
async function clearAway(task: Task): Promise<boolean> {
  try {
    return (await task.delete()).oomKilled;
  } catch {
    return false;
  }
}

/** Ends a task of which nobody shall ever know. */
async function putDown(task: Task): Promise<void> {
  for (const output of [task.stdout, task.stderr]) regardless(output?.cancel());
  try {
    await task.kill(SIGKILL);
    await task.exited;
  } catch {
    // It has ended by itself, or with its guest.
  }
  await clearAway(task);
}
