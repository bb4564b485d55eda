import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage, system } from "../errdefs/errors.ts";
import { V86Machine } from "../vm/v86.ts";
import { type GuestManifest, parseGuestManifest } from "./guest-manifest.ts";

/** The machine whose guest is in a folder: `guest.json` and what it names. */
export interface FolderMachine {
  readonly machine: V86Machine;
  readonly manifest: GuestManifest;
}

/** Rejects with `System` when the folder holds no guest, or one of another machine. */
export async function openMachine(folder: string, id: string): Promise<FolderMachine> {
  let text: string;
  try {
    text = await readFile(join(folder, "guest.json"), "utf8");
  } catch (error) {
    throw system(`no guest in ${folder}: in a clone, "npm run guest" builds it (${errorMessage(error)})`, {
      cause: error,
    });
  }
  const manifest = parseGuestManifest(text);
  const read = async (file: { readonly path: string; readonly size: number }): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(await readFile(join(folder, file.path)));
    if (bytes.length !== file.size)
      throw system(`${file.path} is damaged: expected ${file.size} bytes, got ${bytes.length}`);
    return bytes;
  };
  const machine = new V86Machine(
    {
      wasm: async () => WebAssembly.compile(await read(manifest.wasm)),
      image: {
        snapshot: async ({ onProgress }) => {
          onProgress?.({ what: "reading the snapshot" });
          return (await read(manifest.state)).buffer;
        },
      },
    },
    { id, memory: manifest.memory },
  );
  return { machine, manifest };
}
