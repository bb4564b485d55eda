import type { ContainerStopOptions } from "../api/types/backend.ts";
import {
  conflict,
  errorMessage,
  invalidParameter,
  isEngineError,
  notFound,
  notModified,
  system,
} from "../errdefs/errors.ts";
import { settlesWithin } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { GuestError } from "../shim/guest.ts";
import type { ContainersComponents } from "./components.ts";
import { type Container, noted, type RunningTask } from "./container.ts";
import { isLinuxSignal, parseSignal, SIGKILL, SIGTERM } from "./signals.ts";

const defaultStopTimeout = 10;

type StopperComponents = Pick<ContainersComponents, "events" | "clock" | "onError">;

/**
 * Ends running containers. None of it is done under the container's lock, which its end needs. What cannot be recorded (the
 * disk may be full) keeps nothing from being ended.
 */
export class Stopper {
  readonly #components: StopperComponents;

  constructor(components: StopperComponents) {
    this.#components = components;
  }

  /** `NotModified` when it does not run. `refusal` is what an error about the signal begins with. */
  async stop(container: Container, options: ContainerStopOptions, refusal: string): Promise<void> {
    if (!container.isRunning) throw notModified("");
    const { config } = container.record;
    const signal = readSignal(options.signal || config.StopSignal || String(SIGTERM), refusal);
    const timeout = options.timeout ?? config.StopTimeout ?? defaultStopTimeout;
    await this.#endRestarts(container);
    const { running } = container;
    if (running) {
      await regardless(this.#signal(container, running, signal));
      await this.#thaw(container, running);
      const ended = over(running);
      if (timeout < 0) await ended;
      else if (!(await settlesWithin(this.#components.clock, ended, timeout * 1000))) {
        await this.#killAndWait(container, running);
      }
    }
    this.#components.events.publish("container", "stop", container.id, container.attributes());
  }

  /** `reference`: how the client named it, for the error. `find` is called after the signal was looked at, as Docker does. */
  async kill(find: () => Container, reference: string, text = ""): Promise<void> {
    const refuse = (reason: string) => `cannot kill container: ${reference}: ${reason}`;
    const signal = readSignal(text || "KILL", refuse(""));
    if (!isLinuxSignal(signal)) throw invalidParameter(refuse(`the linux daemon does not support signal ${signal}`));
    const container = named(find, refuse);
    if (container.state.status === "restarting") return this.#endRestarts(container);
    const { running } = container;
    if (!running) throw conflict(refuse(`container ${container.id} is not running`));
    const { StopSignal } = container.record.config;
    // A user who ends it does not want it back; another signal is the program's own business.
    const ends = signal === SIGKILL || !StopSignal || signal === parseSignal(StopSignal);
    if (ends) await this.#rest(container);
    try {
      if (signal === SIGKILL) await this.#killAndWait(container, running);
      else await this.#signal(container, running, signal);
      if (ends) await this.#thaw(container, running);
    } catch (error) {
      if (isEngineError(error)) throw error;
      throw error instanceof GuestError && error.code === "ESRCH"
        ? conflict(refuse(`container ${container.id} is not running`))
        : system(refuse(errorMessage(error)), { cause: error });
    }
  }

  /** As `rm -f` does: nothing is left running afterwards. */
  async killForRemoval(container: Container): Promise<void> {
    await this.#endRestarts(container);
    const { running } = container;
    if (running) await this.#killAndWait(container, running);
  }

  async #killAndWait(container: Container, running: RunningTask): Promise<void> {
    await this.#signal(container, running, SIGKILL).catch((error: unknown) => {
      if (!(error instanceof GuestError && error.code === "ESRCH")) throw error;
    });
    // Without a pid namespace of its own, its other processes outlive the first.
    if (container.record.hostConfig.PidMode !== "") await regardless(running.task.killAll());
    await over(running);
  }

  async #signal(container: Container, running: RunningTask, signal: number): Promise<void> {
    if (!isLinuxSignal(signal)) throw system(`there is no signal ${signal}`);
    await running.task.kill(signal);
    const attributes = container.attributes({ signal: String(signal) });
    this.#components.events.publish("container", "kill", container.id, attributes);
  }

  /** A paused container hears a signal only when it goes on: as in Docker, one that is to end it lets it. */
  async #thaw(container: Container, running: RunningTask): Promise<void> {
    await container.lock.run(async () => {
      if (container.running !== running || container.state.status !== "paused") return;
      await regardless(running.task.resume());
      await noted(this.#components, container, { status: "running" });
      this.#components.events.publish("container", "unpause", container.id, container.attributes());
    });
  }

  async #endRestarts(container: Container): Promise<void> {
    await this.#rest(container);
    container.restartPause?.abort();
    await container.lock.run(async () => {
      if (container.state.status !== "restarting") return;
      await noted(this.#components, container, { status: "exited" });
      container.announceExit();
    });
  }

  /** Its restart policy rests from now on. */
  #rest(container: Container): Promise<void> {
    return noted(this.#components, container, {}, { stoppedByUser: true });
  }
}

/** Its end, whether or not that could be recorded: who records it tells of that. */
function over(running: RunningTask): Promise<void> {
  return regardless(running.ended);
}

function readSignal(text: string, refusal: string): number {
  try {
    return parseSignal(text);
  } catch (error) {
    throw invalidParameter(`${refusal}${errorMessage(error)}`);
  }
}

function named(find: () => Container, refuse: (reason: string) => string): Container {
  try {
    return find();
  } catch (error) {
    throw isEngineError(error, "NotFound") ? notFound(refuse(error.message)) : error;
  }
}
