import { system } from "../errdefs/errors.ts";
import { PROTOCOL_VERSION } from "../shim/protocol.ts";
import { machineLayout } from "../vm/v86/emulator.ts";
import { defaultMemory } from "../vm/v86.ts";

/** A file of the guest; `path` is relative to guest.json and names the content. */
export interface GuestFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** What `guest.json` says, as far as a machine that starts from the snapshot wants to know. */
export interface GuestManifest {
  readonly state: GuestFile;
  readonly wasm: GuestFile;
  /** Bytes of RAM. */
  readonly memory: number;
  readonly v86: string;
  readonly versions: { readonly kernel: string; readonly runtime: string };
}

/** Parses guest.json. Throws `System` when it is malformed, or when its snapshot is of a machine that is not this one, by name. */
export function parseGuestManifest(text: string): GuestManifest {
  const manifest = asRecord(JSON.parse(text), "the manifest");
  if (manifest.version !== 1) throw system(`guest.json: expected version 1, got ${manifest.version}`);
  const machine = asRecord(manifest.machine, "machine");
  const files = asRecord(manifest.files, "files");
  const versions = asRecord(manifest.versions, "versions");
  const own = { layout: machineLayout, protocol: PROTOCOL_VERSION, memory: defaultMemory };
  for (const [name, expected] of Object.entries(own)) {
    const got = machine[name];
    if (got !== expected) {
      throw system(`the guest was built for another machine: expected ${name} ${expected}, got ${got}; build it again`);
    }
  }
  return {
    state: asFile(files.state, "state"),
    wasm: asFile(files.wasm, "wasm"),
    memory: own.memory,
    v86: String(machine.v86),
    versions: { kernel: String(versions.kernel), runtime: String(versions.runtime) },
  };
}

function asFile(value: unknown, name: string): GuestFile {
  const { path, size, sha256 } = asRecord(value, name);
  if (typeof path !== "string" || !/^[\w.-]+$/.test(path) || typeof size !== "number" || typeof sha256 !== "string") {
    throw system(`guest.json: ${name} is not a file`);
  }
  return { path, size, sha256 };
}

function asRecord(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw system(`guest.json: ${name} is missing`);
  return value as Record<string, unknown>;
}
