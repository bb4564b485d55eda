import type { Clock } from "../internal/clock.ts";

export interface IdleComponents {
  readonly clock: Pick<Clock, "now" | "sleep">;
  /** Milliseconds without use after which the engine is idle. */
  readonly after: number;
  /** Whether a client is connected or a container is running. */
  readonly busy: () => Promise<boolean>;
}

/** A container's end shows only when one looks. */
const lookEvery = 10_000;

/** Tells when an engine that was started in the background has had nothing to do for long enough (`--exit-when-idle`). */
export class IdleWatch {
  readonly #components: IdleComponents;
  #used: number;

  constructor(components: IdleComponents) {
    this.#components = components;
    this.#used = components.clock.now().getTime();
  }

  /** A request came. */
  touch(): void {
    this.#used = this.#components.clock.now().getTime();
  }

  /**
   * Resolves when the engine is idle. What awaits it has to stop listening in the same breath: a request that comes later is
   * not looked for.
   */
  async idle(): Promise<void> {
    const { clock, after, busy } = this.#components;
    for (;;) {
      if (await busy()) this.touch();
      const left = this.#used + after - clock.now().getTime();
      if (left <= 0) return;
      await clock.sleep(Math.min(left, lookEvery));
    }
  }
}
