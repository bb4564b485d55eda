import type { Health } from "../api/types/container.ts";
import type { NetworkSettings } from "../api/types/network.ts";
import { conflict } from "../errdefs/errors.ts";
import { Lock } from "../internal/lock.ts";
import type { ContainerLog } from "../logger/log.ts";
import type { RecordStore } from "../metadata/records.ts";
import type { Sandbox } from "../network/sandbox.ts";
import type { Task } from "../runtime/runtime.ts";
import type { Mount } from "../snapshots/mount.ts";
import type { ContainersComponents } from "./components.ts";
import { type ContainerRecord, recordKey, type StateRecord, toJson } from "./record.ts";
import { isRunning } from "./status-text.ts";
import { ContainerStdio } from "./stdio.ts";

export const lostLayer =
  "the container's writable layer was lost with the guest that it was in: remove it and create it anew";

/** What there is of a container while it runs. */
export interface RunningTask {
  readonly task: Task;
  readonly sandbox: Sandbox;
  readonly networkSettings: NetworkSettings;
  /** What it writes goes there, even when the store has forgotten it. */
  readonly log: ContainerLog;
  /** Settles when its end has been recorded; rejects when that failed, though it has ended. */
  readonly ended: Promise<void>;
}

export interface ContainerExit {
  readonly exitCode: number;
  readonly error: string;
}

/** A container in memory: its record, and what runs of it. Changes of its state happen under `lock`. */
export class Container {
  record: ContainerRecord;
  readonly lock = new Lock();
  /** Of the next run, or of the one that goes on: who attaches before the start hears its first byte. */
  stdio: ContainerStdio;
  running: RunningTask | undefined;
  /** Its writable layer, being made ready since the create. */
  snapshot: Promise<readonly Mount[]> | undefined;
  /** What the writable layer held is gone. */
  layerLost = false;
  /** From the moment at which someone asked for that; it may run until then. */
  removing = false;
  /** Its record is being deleted, or is deleted: nothing may write it again. */
  gone = false;
  /** Its end is half of a restart: `--rm` does not take it away. */
  kept = false;
  /** Ends the pause before a restart. */
  restartPause: AbortController | undefined;
  health: Health | undefined;
  readonly execIds = new Set<string>();
  readonly #records: RecordStore;
  readonly #exitWaiters = new Set<(exit: ContainerExit) => void>();
  readonly #removalWaiters = new Set<(exit: ContainerExit) => void>();

  constructor(record: ContainerRecord, records: RecordStore) {
    this.record = record;
    this.#records = records;
    this.stdio = new ContainerStdio(record.config);
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  get state(): StateRecord {
    return this.record.state;
  }

  get isRunning(): boolean {
    return isRunning(this.state);
  }

  /** What went wrong besides the program itself; why it did not start is told to who started it, not to who waits. */
  get lastExit(): ContainerExit {
    return { exitCode: this.state.exitCode, error: this.layerLost ? this.state.error : "" };
  }

  /**
   * Changes the record in memory at once and answers when it is durable. When it cannot be made durable, the former record
   * is back, unless there is a newer one by then.
   */
  async update(changes: Partial<ContainerRecord>): Promise<void> {
    const former = this.record;
    const changed = { ...former, ...changes };
    this.record = changed;
    if (this.gone) return;
    try {
      await this.#records.apply([{ key: recordKey(this.id), value: toJson(changed) }]);
    } catch (error) {
      if (this.record === changed) this.record = former;
      throw error;
    }
  }

  updateState(changes: Partial<StateRecord>): Promise<void> {
    return this.update({ state: { ...this.state, ...changes } });
  }

  /** For what has happened already: it stays changed in memory even when it cannot be made durable. */
  async settle(changes: Partial<ContainerRecord>): Promise<void> {
    try {
      await this.update(changes);
    } catch (error) {
      this.record = { ...this.record, ...changes };
      throw error;
    }
  }

  settleState(changes: Partial<StateRecord>): Promise<void> {
    return this.settle({ state: { ...this.state, ...changes } });
  }

  /** The task, or `Conflict` with Docker's text. */
  requireTask(): Task {
    if (this.state.status === "restarting") {
      throw conflict(`Container ${this.id} is restarting, wait until the container is running`);
    }
    if (!this.running) throw conflict(`container ${this.id} is not running`);
    return this.running.task;
  }

  /** Resolves at the next exit. */
  nextExit(): Promise<ContainerExit> {
    return new Promise((resolve) => this.#exitWaiters.add(resolve));
  }

  /** Resolves when it has been removed. */
  removal(): Promise<ContainerExit> {
    return new Promise((resolve) => this.#removalWaiters.add(resolve));
  }

  announceExit(): void {
    settle(this.#exitWaiters, this.lastExit);
  }

  announceRemoval(): void {
    settle(this.#exitWaiters, this.lastExit);
    settle(this.#removalWaiters, this.lastExit);
  }

  /** Attributes of its events. */
  attributes(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return { ...eventAttributes(this.record), ...more };
  }
}

/** What every event of a container tells of it. */
export function eventAttributes({ config, name }: ContainerRecord): Readonly<Record<string, string>> {
  return { ...config.Labels, image: config.Image, name };
}

/** Records what has happened in the guest: it is so, whether or not it can be recorded, and a failure is no client's business. */
export async function noted(
  { onError }: Pick<ContainersComponents, "onError">,
  container: Container,
  state: Partial<StateRecord>,
  changes: Partial<ContainerRecord> = {},
): Promise<void> {
  try {
    await container.settle({ ...changes, state: { ...container.state, ...state } });
  } catch (error) {
    onError?.(`recording the state of container ${container.id}`, error);
  }
}

function settle(waiters: Set<(exit: ContainerExit) => void>, exit: ContainerExit): void {
  for (const waiter of waiters) waiter(exit);
  waiters.clear();
}
