import { fileURLToPath } from "node:url";
import { concatBytes } from "../../internal/bytes.ts";
import { hostFiles } from "../../shim/agent-client.ts";
import { PROTOCOL_VERSION } from "../../shim/protocol.ts";
import { type GuestFolder, openGuestFolder } from "../guest-files.node.ts";
import { NinepHostFiles } from "../host-files.ts";
import type { AgentPort } from "../machine.ts";
import { NinepServer } from "../ninep/server.ts";
import { agentPortName } from "./agent-port.ts";
import { type ColdBoot, Emulator } from "./emulator.ts";
import type { Cpu } from "./internals.ts";

/** For the tests of this folder: the guest's own kernel with a shell in the agent's place. */

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../../dist/guest", import.meta.url));

/** The guest that the set-up built; a test without one fails, for then nothing was tested. */
export function openBuiltGuest(): Promise<GuestFolder> {
  return openGuestFolder(builtGuest, PROTOCOL_VERSION);
}

/** Takes lines from the port and runs them, as the agent would its requests. */
const shellInit = `#!/bin/busybox sh
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp /run/wherry/host /mnt
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
PATH=/bin
for port in /sys/class/virtio-ports/*; do
  [ "$(cat $port/name)" = ${agentPortName} ] && exec 3<>/dev/$(basename $port)
done
echo ready >&3
while IFS= read -r line <&3; do
  eval "$line" >/tmp/out 2>&1 3<&3
  echo "$? $(wc -c </tmp/out)" >&3
  cat /tmp/out >&3
done
`;

/** Boots the kernel with the shell. */
export async function shellBoot(guest: GuestFolder): Promise<ColdBoot> {
  const boot = await guest.boot();
  const init = newcArchive("contract-init", new TextEncoder().encode(shellInit));
  return {
    ...boot,
    initramfs: joined(new Uint8Array(boot.initramfs), init),
    commandLine: boot.commandLine.replace("rdinit=/init", "rdinit=/contract-init"),
  };
}

export interface ContractMachine {
  readonly emulator: Emulator;
  readonly files: NinepHostFiles;
  readonly server: NinepServer;
  readonly deaths: readonly string[];
  readonly console: readonly string[];
}

export async function loadEmulator(
  wasm: WebAssembly.Module,
  memory: number,
  boot?: ColdBoot,
): Promise<ContractMachine> {
  const deaths: string[] = [];
  const printed: string[] = [];
  const files = new NinepHostFiles();
  const server = new NinepServer(files.root);
  const emulator = await Emulator.load(
    { wasm, files: server, onConsole: (text) => printed.push(text), onDeath: (reason) => deaths.push(reason) },
    memory,
    boot,
  );
  return { emulator, files, server, deaths, console: printed };
}

/** The CPU behind an emulator, which the adapter does not show. */
export type BareCpu = Cpu & { readonly wasm_memory: WebAssembly.Memory; main_loop: () => number };

export function cpuOf({ emulator }: ContractMachine): BareCpu {
  return (emulator.port.device as unknown as { readonly cpu: BareCpu }).cpu;
}

/** The guest's RAM. `mem8` is a proxy of it, for the memory of WebAssembly moves when it grows. */
export function ramOf(machine: ContractMachine): Uint8Array {
  const { wasm_memory, mem8 } = cpuOf(machine);
  return new Uint8Array(wasm_memory.buffer, mem8.byteOffset, mem8.length);
}

/** The other end of `shellInit`. */
export class GuestShell {
  readonly #port: AgentPort;
  #pieces: Uint8Array[] = [];
  #wake: () => void = () => {};

  constructor(port: AgentPort) {
    this.#port = port;
    port.onReceive((bytes) => {
      this.#pieces.push(bytes);
      this.#wake();
    });
  }

  async ready(): Promise<void> {
    const line = await this.line();
    if (line !== "ready") throw new Error(`expected ready, got ${line}`);
  }

  /** Runs a line; `input` follows it on the port, for the line to read from descriptor 3. Rejects unless it exits with 0. */
  async run(line: string, input?: Uint8Array): Promise<string> {
    this.#port.send(new TextEncoder().encode(`${line}\n`));
    if (input) this.#port.send(input);
    const [status, length] = (await this.line()).split(" ");
    const text = new TextDecoder().decode(await this.take(Number(length)));
    if (status !== "0") throw new Error(`${line}: exit ${status}: ${text}`);
    return text.trim();
  }

  mount(): Promise<string> {
    const { type, source, data } = hostFiles;
    return this.run(`mount -t ${type} -o ${data} ${source} /run/wherry/host`);
  }

  async line(): Promise<string> {
    const bytes: number[] = [];
    for (;;) {
      const [byte = 0] = await this.take(1);
      if (byte === 10) return new TextDecoder().decode(Uint8Array.from(bytes));
      bytes.push(byte);
    }
  }

  async take(length: number): Promise<Uint8Array> {
    while (this.#pieces.reduce((sum, piece) => sum + piece.length, 0) < length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const all = concatBytes(this.#pieces);
    this.#pieces = [all.subarray(length)];
    return all.subarray(0, length);
  }
}

/** One executable file in the archive format that the kernel unpacks; it may follow another archive. */
function newcArchive(name: string, data: Uint8Array): Uint8Array {
  return concatBytes([record(name, 0o100755, data), record("TRAILER!!!", 0, new Uint8Array())]);
}

function record(name: string, mode: number, data: Uint8Array): Uint8Array {
  const encoded = new TextEncoder().encode(`${name}\0`);
  const fields = [1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, encoded.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return concatBytes([padded(concatBytes([new TextEncoder().encode(header), encoded])), padded(data)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array((bytes.length + 3) & ~3);
  all.set(bytes);
  return all;
}

function joined(first: Uint8Array, second: Uint8Array): ArrayBuffer {
  return concatBytes([padded(first), second]).buffer;
}
