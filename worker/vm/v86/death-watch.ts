import { errorMessage } from "../../errdefs/errors.ts";
import type { V86Internals } from "./internals.ts";

/** The kernel's last words. */
const panicMark = "Kernel panic - not syncing";
/** A reason may hold the guest's own words, and is shown to the user. */
const longestReason = 200;
/** A line longer than this is passed on in pieces. */
const longestLine = 1024;
const newline = 10;
/** The ACPI register PM1a_CNT, where the firmware puts it, and its bit SLP_EN: v86 knows no sleep, and none but S5 is offered. */
const powerPort = 0xb004;
const sleepEnable = 1 << 13;

/**
 * Watches for the ways in which a guest ends without being asked to: it resets the machine (as the kernel does after a
 * panic, `panic=-1`), turns the power off, halts the CPU for good, or drives the emulator into an exception. Also gathers the console, a line at
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
    // These leave the instruction: a machine that did not reset would go on and try something worse.
    v86.cpu.reboot_internal = () => this.#dieAtOnce("the guest reset the machine");
    const power = v86.cpu.io.ports[powerPort];
    if (!power) throw new Error("v86 has no ACPI power register");
    const write = power.write16;
    power.write16 = (value) => {
      if (value & sleepEnable) this.#dieAtOnce("the guest turned the power off");
      write.call(power.device, value);
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

  #dieAtOnce(reason: string): never {
    this.#die(reason);
    throw new Error("the machine is dead");
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
