import { errorMessage, system } from "../errdefs/errors.ts";
import { machineIdentity } from "./v86/identity.ts";

/** `guest.json`: the files that make a guest and all that they were made for. Written by the set-up. */
export interface GuestManifest {
  readonly version: 1;
  readonly files: Readonly<Record<"state" | "wasm" | "kernel" | "initramfs" | "bios" | "vgaBios", GuestFile>>;
  readonly machine: MachineIdentity;
  /** `uname -r`, the OCI runtime's, and that of `docker-init`: for what the engine says of itself. */
  readonly versions: { readonly kernel: string; readonly runtime: string; readonly init: string };
}

/** `path` is relative to guest.json. `uncompressed` is there for zstd files. */
export interface GuestFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly uncompressed?: number;
}

/** What a snapshot fits, beside the files. */
interface MachineIdentity {
  readonly layout: string;
  readonly protocol: number;
  readonly memory: number;
  readonly commandLine: string;
  /** Version of the emulator. */
  readonly v86: string;
}

/**
 * Reads guest.json. Throws `System`, naming what differs, when its snapshot is for a machine or agent other than ours, and
 * when it is something else, such as a host's page for what it does not have.
 */
export function parseGuestManifest(text: string, protocol: number): GuestManifest {
  const manifest = parse(text);
  if (manifest.version !== 1) throw refused("version", manifest.version, 1);
  const { machine } = manifest;
  for (const [name, expected, actual] of [
    ["v86", machineIdentity.v86, machine.v86],
    ["machine layout", machineIdentity.layout, machine.layout],
    ["memory", machineIdentity.memory, machine.memory],
    ["command line", machineIdentity.commandLine, machine.commandLine],
    ["agent protocol", protocol, machine.protocol],
  ]) {
    if (actual !== expected) throw refused(name, actual, expected);
  }
  return manifest;
}

function parse(text: string): GuestManifest {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw system(`Cannot read guest.json: ${errorMessage(cause)}`, { cause });
  }
}

function refused(what: unknown, actual: unknown, expected: unknown): Error {
  return system(`Cannot use the built guest: expected ${what} ${expected}, got ${actual}`);
}
