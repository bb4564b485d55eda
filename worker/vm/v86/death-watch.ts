import { errorMessage } from "../../errdefs/errors.ts";
import type { V86Internals } from "./internals.ts";

/** The kernel's last words. */
const panicMark = "Kernel panic - not syncing";
/** A reason may hold the guest's own words, and is shown to the user. */
const longestReason = 200;
/** A line longer than this is passed on in pieces. */
const longestLine = 1024;
const newline = 10;

/**
 * Watches for the ways in which a guest ends without being asked to: it resets the machine (as the kernel does after a
 * panic, `panic=-1`), halts the CPU for good, or drives the emulator into an exception. Also gathers the console, a line at
 * a time, since it holds the reason.
 */
export class DeathWatch {
  readonly #onConsole: (text: string) => void;
  readonly #onDeath: (reason: string) => void;
  #line: number[] = [];
  #panic: string | undefined;
  #over = false;

  constructor({ v86, bus }: V86Internals, onConsole: (text: string) => void, onDeath: (reason: string) => void) {
    this.#onConsole = onConsole;
    this.#onDeath = onDeath;
    bus.register("serial0-output-byte", (byte: number) => this.#print(byte));
    bus.register("cpu-event-halt", () => this.#die("the guest halted its CPU"));
    v86.cpu.reboot_internal = () => {
      this.#die("the guest reset the machine");
      // Leaves the instruction: a machine that did not reset would go on and try something worse.
      throw new Error("the machine is dead");
    };
    const tick = v86.do_tick.bind(v86);
    v86.do_tick = () => {
      if (this.#over) return;
      try {
        tick();
      } catch (error) {
        this.failed(error);
      }
    };
  }

  /** The end is wanted: say nothing. */
  cancel(): void {
    this.#over = true;
  }

  /** Something that the guest did made the emulator throw. */
  failed(error: unknown): void {
    this.#die(`the emulator failed: ${errorMessage(error)}`);
  }

  #die(reason: string): void {
    if (this.#over) return;
    this.#flush();
    this.#over = true;
    this.#onDeath(printable(this.#panic ?? reason));
  }

  #print(byte: number): void {
    this.#line.push(byte);
    if (byte === newline || this.#line.length >= longestLine) this.#flush();
  }

  #flush(): void {
    if (this.#line.length === 0) return;
    const text = new TextDecoder().decode(Uint8Array.from(this.#line));
    this.#line = [];
    const at = text.indexOf(panicMark);
    if (at >= 0) this.#panic ??= text.slice(at).trim();
    this.#onConsole(text);
  }
}

/** Without what would act on a terminal: the control characters C0, DEL and C1. */
function printable(text: string): string {
  const shown = text.slice(0, longestReason).replace(/\p{Cc}/gu, "\ufffd");
  return shown.length < text.length ? `${shown}…` : shown;
}
