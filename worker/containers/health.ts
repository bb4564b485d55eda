import type { Health, HealthConfig, HealthcheckResult } from "../api/types/container.ts";
import { errorMessage } from "../errdefs/errors.ts";
import { rfc3339Nano } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { generateId } from "../internal/ids.ts";
import { durationString } from "../internal/units/duration.ts";
import type { Process, Task } from "../runtime/runtime.ts";
import { containerEnvironment } from "../runtime/spec/spec.ts";
import { readUserDatabase, resolveUser } from "../runtime/spec/user.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { ExecEvents } from "./exec-events.ts";
import { drainTime } from "./output-fan.ts";
import { addedProcessSpec } from "./process-spec.ts";
import { SIGKILL } from "./signals.ts";

const milli = 1_000_000;
const defaults = { interval: 30_000, timeout: 30_000, startInterval: 5000, retries: 3 };
const longestOutput = 4096;
const keptResults = 5;

/** Runs a container's health check while it runs, as Docker does: a probe, a pause, a probe. */
export class HealthMonitor {
  readonly #components: Pick<ContainersComponents, "clock" | "events">;
  readonly #container: Container;
  readonly #task: Task;
  readonly #stop = new AbortController();

  constructor(components: Pick<ContainersComponents, "clock" | "events">, container: Container, task: Task) {
    this.#components = components;
    this.#container = container;
    this.#task = task;
  }

  start(): void {
    const config = this.#container.record.config.Healthcheck;
    const [kind = "NONE"] = config?.Test ?? [];
    if (!config || kind === "NONE") return;
    this.#container.health = { Status: "starting", FailingStreak: 0, Log: this.#container.health?.Log ?? [] };
    // It rejects when it is stopped: a probe that goes wrong is a result.
    this.#watch(config).catch(() => undefined);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(config: HealthConfig): Promise<void> {
    const { clock } = this.#components;
    const grace = clock.now().getTime() + (config.StartPeriod ?? 0) / milli;
    for (;;) {
      const starting = this.#container.health?.Status === "starting" && clock.now().getTime() < grace;
      const pause = starting
        ? config.StartInterval || defaults.startInterval * milli
        : config.Interval || defaults.interval * milli;
      await clock.sleep(pause / milli, this.#stop.signal);
      if (this.#container.state.status !== "running") continue;
      const result = await this.#probe(config);
      if (this.#stop.signal.aborted) return;
      // Nobody knows what would have come of it.
      if (this.#container.state.status !== "running") continue;
      this.#note(result, config, clock.now().getTime() < grace);
    }
  }

  #note(result: HealthcheckResult, config: HealthConfig, inGrace: boolean): void {
    const health: Health = this.#container.health ?? { Status: "starting", FailingStreak: 0, Log: [] };
    const healthy = result.ExitCode === 0;
    const excused = !healthy && inGrace && health.Status === "starting";
    const streak = healthy ? 0 : health.FailingStreak + (excused ? 0 : 1);
    const status = healthy ? "healthy" : streak >= (config.Retries || defaults.retries) ? "unhealthy" : health.Status;
    const log = [...(health.Log ?? []), result].slice(-keptResults);
    this.#container.health = { Status: status, FailingStreak: streak, Log: log };
    if (status === health.Status) return;
    const { id } = this.#container;
    this.#components.events.publish("container", `health_status: ${status}`, id, this.#container.attributes());
  }

  async #probe(config: HealthConfig): Promise<HealthcheckResult> {
    const { clock } = this.#components;
    const start = rfc3339Nano(clock.nanos());
    const finish = (exitCode: number, output: string): HealthcheckResult => ({
      Start: start,
      End: rfc3339Nano(clock.nanos()),
      ExitCode: exitCode,
      Output: output.slice(0, longestOutput),
    });
    const timeout = (config.Timeout || defaults.timeout * milli) / milli;
    const over = new AbortController();
    const pause = (milliseconds: number) =>
      clock.sleep(milliseconds, over.signal).then(
        () => undefined,
        () => undefined,
      );
    const expired = pause(timeout);
    const late = (output: string) =>
      finish(
        -1,
        `Health check exceeded timeout (${durationString(timeout * milli)})${output === "" ? "" : `: ${output}`}`,
      );
    try {
      const started = this.#exec(this.#command(config));
      const process = await Promise.race([started, expired]);
      if (!process) {
        regardless(started.then((tardy) => tardy.kill(SIGKILL)));
        return late("");
      }
      const output = new ProbeOutput(process);
      try {
        const status = await Promise.race([process.exited, expired]);
        if (!status) await Promise.race([regardless(process.kill(SIGKILL)), pause(drainTime)]);
        await Promise.race([output.ended, pause(drainTime)]);
        return status ? finish(status.code, output.text) : late(output.text);
      } finally {
        output.cancel();
      }
    } catch (error) {
      return finish(-1, errorMessage(error));
    } finally {
      over.abort();
    }
  }

  async #exec(args: readonly string[]): Promise<Process> {
    const { config, hostConfig } = this.#container.record;
    const database = await readUserDatabase((path, limit) => this.#task.read(path, limit));
    const user = resolveUser(config.User, hostConfig.GroupAdd ?? [], database);
    const env = containerEnvironment(config);
    const spec = addedProcessSpec(this.#container, { user, args, env, cwd: "", privileged: false });
    const id = generateId();
    const events = new ExecEvents(this.#components.events, this.#container, { id, args });
    events.created();
    events.starting();
    const process = await this.#task.exec(id, spec, { stdin: false, stdout: true, stderr: true });
    process.exited.then(
      ({ code }) => events.died(code),
      () => undefined,
    );
    return process;
  }

  #command({ Test = [] }: HealthConfig): readonly string[] {
    const [kind, ...rest] = Test;
    const { Shell } = this.#container.record.config;
    return kind === "CMD-SHELL" ? [...(Shell?.length ? Shell : ["/bin/sh", "-c"]), ...rest] : rest;
  }
}

/** Both outputs, the first few kilobytes of each; the rest is read and dropped, so that the probe can end. */
class ProbeOutput {
  /** Never rejects: a guest that dies in the middle ends it as well. */
  readonly ended: Promise<unknown>;
  readonly #texts = ["", ""];
  readonly #readers: readonly ReadableStreamDefaultReader<Uint8Array>[];

  constructor({ stdout, stderr }: Process) {
    this.#readers = [stdout, stderr].flatMap((stream) => (stream ? [stream.getReader()] : []));
    this.ended = Promise.allSettled(this.#readers.map((reader, index) => this.#read(reader, index)));
  }

  get text(): string {
    return this.#texts.join("");
  }

  cancel(): void {
    for (const reader of this.#readers) regardless(reader.cancel());
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, index: number): Promise<void> {
    const decoder = new TextDecoder();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const text = this.#texts[index] ?? "";
      if (text.length < longestOutput) this.#texts[index] = text + decoder.decode(next.value, { stream: true });
    }
  }
}
