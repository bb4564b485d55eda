import type { Events } from "../events/events.ts";
import type { Container } from "./container.ts";

/** Tells of one process that is added to a container: an exec, or a probe of its health. */
export class ExecEvents {
  readonly #events: Pick<Events, "publish">;
  readonly #container: Container;
  readonly #execId: string;
  /** As events tell it: the program, a space, its arguments. */
  readonly #command: string;

  constructor(
    events: Pick<Events, "publish">,
    container: Container,
    { id, args: [program = "", ...rest] }: { readonly id: string; readonly args: readonly string[] },
  ) {
    this.#events = events;
    this.#container = container;
    this.#execId = id;
    this.#command = `${program} ${rest.join(" ")}`;
  }

  created(): void {
    this.#publish(`exec_create: ${this.#command}`);
  }

  /** It is about to be started: one that cannot be tells of this too, and of nothing more. */
  starting(): void {
    this.#publish(`exec_start: ${this.#command}`);
  }

  detached(): void {
    this.#publish("exec_detach");
  }

  died(exitCode: number): void {
    this.#publish("exec_die", { exitCode: String(exitCode) });
  }

  #publish(action: string, more: Readonly<Record<string, string>> = {}): void {
    const attributes = this.#container.attributes({ execID: this.#execId, ...more });
    this.#events.publish("container", action, this.#container.id, attributes);
  }
}
