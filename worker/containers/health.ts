import type { Health, HealthConfig, HealthcheckResult } from "../api/types/container.ts";
import { errorMessage } from "../errdefs/errors.ts";
import { rfc3339Nano } from "../internal/clock.ts";
import { generateId } from "../internal/ids.ts";
import type { Process, Task } from "../runtime/runtime.ts";
import { effectiveCapabilities } from "../runtime/spec/capabilities.ts";
import { capabilitySets, containerEnvironment, withHome } from "../runtime/spec/spec.ts";
import { resolveUser } from "../runtime/spec/user.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { readUserDatabase } from "./process-options.ts";

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
    this.#container.health = { Status: "starting", FailingStreak: 0, Log: [] };
    void this.#watch(config).catch(() => undefined);
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
        ? config.StartInterval
          ? config.StartInterval / milli
          : defaults.startInterval
        : config.Interval
          ? config.Interval / milli
          : defaults.interval;
      await clock.sleep(pause, this.#stop.signal);
      if (this.#container.state.status !== "running") continue;
      const result = await this.#probe(config);
      if (this.#stop.signal.aborted) return;
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
    const timeout = config.Timeout ? config.Timeout / milli : defaults.timeout;
    const patience = new AbortController();
    const expired = clock.sleep(timeout, patience.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      const process = await this.#exec(probeCommand(config));
      const output = collect(process);
      const status = await Promise.race([process.exited, expired]);
      if (status) return finish(status.code, await output);
      await process.kill(9).catch(() => undefined);
      return finish(-1, `Health check exceeded timeout (${timeout / 1000}s): ${await output}`);
    } catch (error) {
      return finish(-1, errorMessage(error));
    } finally {
      patience.abort();
    }
  }

  async #exec(args: readonly string[]): Promise<Process> {
    const { config, hostConfig } = this.#container.record;
    const database = await readUserDatabase((path, limit) => this.#task.read(path, limit));
    const user = resolveUser(config.User, hostConfig.GroupAdd ?? [], database);
    const { CapAdd, CapDrop, Privileged } = hostConfig;
    const process = {
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids ?? [] },
      args,
      env: withHome(containerEnvironment(config), user),
      cwd: config.WorkingDir || "/",
      capabilities: capabilitySets(effectiveCapabilities(CapAdd ?? [], CapDrop ?? [], Privileged)),
    };
    return this.#task.exec(generateId(), process, { stdin: false, stdout: true, stderr: true });
  }
}

function probeCommand({ Test = [] }: HealthConfig): readonly string[] {
  const [kind, ...rest] = Test;
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : rest;
}

/** Both outputs, the first few kilobytes of each; the rest is read and dropped, so that the probe can end. */
async function collect(process: Process): Promise<string> {
  const read = async (stream: ReadableStream<Uint8Array> | undefined) => {
    let text = "";
    for await (const bytes of stream ?? []) {
      if (text.length < longestOutput) text += new TextDecoder().decode(bytes);
    }
    return text;
  };
  const [stdout, stderr] = await Promise.all([read(process.stdout), read(process.stderr)]);
  return stdout + stderr;
}
