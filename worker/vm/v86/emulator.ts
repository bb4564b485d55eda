import { V86 } from "v86";
import type { NinepServer } from "../ninep/server.ts";
import { VirtioAgentPort } from "./agent-port.ts";
import { DeathWatch } from "./death-watch.ts";
import { type EmulatorOptions, internalsOf, type V86Internals } from "./internals.ts";
import { NinepDevice } from "./ninep-device.ts";
import { includeInState } from "./state.ts";
import { takeTurnsHere } from "./turns.ts";
import { guardNetworkDevice, shareInterruptLines } from "./virtio.ts";

/** A cold boot: the firmware loads the kernel. */
export interface ColdBoot {
  readonly bios: ArrayBuffer;
  readonly vgaBios: ArrayBuffer;
  readonly kernel: ArrayBuffer;
  readonly initramfs: ArrayBuffer;
  readonly commandLine: string;
}

export interface EmulatorComponents {
  /** v86.wasm of the very version of the package, compiled. */
  readonly wasm: WebAssembly.Module;
  readonly files: NinepServer;
  readonly onConsole: (text: string) => void;
  /** Called at most once, and not after `kill`. */
  readonly onDeath: (reason: string) => void;
}

const videoMemory = 1 << 20;

/** At most one page of code in a compiled module: measured to be faster for the short-lived programs that run here. */
const pagesPerModule = { index: 1, value: 1 } as const;

/** One life of an emulated machine, with the devices that Wherry adds. Made stopped; `run` lets it go. */
export class Emulator {
  readonly port: VirtioAgentPort;
  readonly #internals: V86Internals;
  readonly #death: DeathWatch;
  readonly #files: NinepDevice;

  /** Loads an emulator. Rejects when the wasm module does not fit, or this build of v86 is not the one known. */
  static async load(components: EmulatorComponents, memory: number, boot?: ColdBoot): Promise<Emulator> {
    const v86 = await loadV86(components.wasm, optionsFor(memory, boot));
    return new Emulator(v86, components);
  }

  private constructor(v86: V86, components: EmulatorComponents) {
    this.#internals = internalsOf(v86);
    const { cpu } = this.#internals.v86;
    takeTurnsHere(this.#internals.v86);
    cpu.set_jit_config(pagesPerModule.index, pagesPerModule.value);
    const broken = (error: unknown): void => this.#death.failed(error);
    this.#files = new NinepDevice(cpu, components.files, broken);
    this.port = new VirtioAgentPort(cpu, broken);
    const devices = [this.#files, this.port];
    const network = cpu.devices.virtio_net;
    if (network) guardNetworkDevice(cpu, network.virtio);
    shareInterruptLines(cpu.devices.pci, [...devices.map((each) => each.device), ...(network ? [network.virtio] : [])]);
    includeInState(cpu, devices);
    this.#death = new DeathWatch(this.#internals, components.onConsole, (reason) => {
      this.#halt();
      components.onDeath(reason);
    });
  }

  run(): void {
    this.#internals.v86.run();
  }

  /** Stops between two turns of the CPU; `run` goes on. */
  pause(): void {
    this.#internals.v86.running = false;
    this.#internals.v86.tick_counter += 1;
  }

  /** Instructions carried out so far, modulo 2^32. */
  get instructions(): number {
    return this.#internals.v86.cpu.instruction_counter[0] ?? 0;
  }

  /** Whether the CPU waits for an interrupt. */
  get idle(): boolean {
    return this.#internals.v86.cpu.in_hlt[0] !== 0;
  }

  /** The whole state, as bytes for `restore`. The machine must be paused. Throws while something is on its way. */
  save(): ArrayBuffer {
    return this.#internals.v86.save_state();
  }

  /**
   * Takes what `save` gave, plain or compressed with zstd. Only for a machine that has not run. Throws when the state came
   * from a machine of another layout.
   */
  restore(state: ArrayBuffer): void {
    this.#internals.v86.restore_state(state);
  }

  /** Ends it at once. Nothing is reported. */
  kill(): void {
    this.#death.cancel();
    this.#halt();
  }

  #halt(): void {
    this.pause();
    this.#internals.v86.unregister_yield();
    this.port.end();
    this.#files.end();
  }
}

type Options = Omit<EmulatorOptions, "wasm_fn">;

function optionsFor(memory: number, boot: ColdBoot | undefined): Options {
  return {
    memory_size: memory,
    vga_memory_size: videoMemory,
    acpi: true,
    autostart: false,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    net_device: { type: "virtio" },
    preserve_mac_from_state_image: true,
    ...(boot && {
      bios: { buffer: boot.bios },
      vga_bios: { buffer: boot.vgaBios },
      bzimage: { buffer: boot.kernel },
      initrd: { buffer: boot.initramfs },
      cmdline: boot.commandLine,
    }),
  };
}

/** v86 reports no failure while it loads, so the one thing that can fail, the instantiation, is watched from outside. */
function loadV86(wasm: WebAssembly.Module, options: Options): Promise<V86> {
  return new Promise((resolve, reject) => {
    const instantiate = (imports: WebAssembly.Imports): Promise<WebAssembly.Exports> =>
      new Promise((done) => {
        WebAssembly.instantiate(wasm, imports).then((instance) => done(instance.exports), reject);
      });
    const v86 = new V86({ ...options, wasm_fn: instantiate });
    v86.add_listener("emulator-loaded", () => resolve(v86));
  });
}
