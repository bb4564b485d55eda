import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GuestFile, type GuestManifest, parseGuestManifest } from "./guest-manifest.ts";
import type { ColdBoot } from "./v86/emulator.ts";
import type { V86MachineComponents } from "./v86.ts";

/** A built guest in a folder of this machine. */
export interface GuestFolder {
  readonly manifest: GuestManifest;
  /** What starts a machine from the snapshot. */
  readonly components: V86MachineComponents;
  readonly wasm: () => Promise<WebAssembly.Module>;
  /** What boots the kernel instead: the snapshot is taken of that. */
  readonly boot: () => Promise<ColdBoot>;
}

/** Rejects when the folder holds no guest, or one for another machine or agent protocol. */
export async function openGuestFolder(folder: string, protocol: number): Promise<GuestFolder> {
  const manifest = parseGuestManifest(await readFile(join(folder, "guest.json"), "utf8"), protocol);
  const { files, machine } = manifest;
  const read = async ({ path }: GuestFile): Promise<ArrayBuffer> => {
    const bytes = await readFile(join(folder, path));
    // A small file shares Node's pool, so its buffer is copied out.
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  const wasm = async (): Promise<WebAssembly.Module> => WebAssembly.compile(await read(files.wasm));
  return {
    manifest,
    wasm,
    components: { wasm, snapshot: () => read(files.state) },
    boot: async () => ({
      bios: await read(files.bios),
      vgaBios: await read(files.vgaBios),
      kernel: await read(files.kernel),
      initramfs: await read(files.initramfs),
      commandLine: machine.commandLine,
    }),
  };
}
