import { unavailable } from "../errdefs/errors.ts";
import { type GuestFile, type GuestManifest, parseGuestManifest } from "./guest-manifest.ts";
import type { StartOptions } from "./machine.ts";
import type { V86MachineComponents } from "./v86.ts";

/** A built guest beside the page. */
export interface GuestDownload {
  readonly manifest: GuestManifest;
  readonly components: V86MachineComponents;
}

/** `base` is the folder's URL, with a slash at the end. Rejects with `Unavailable` when it cannot be had. */
export async function openGuestDownload(base: URL, protocol: number, signal?: AbortSignal): Promise<GuestDownload> {
  const manifest = parseGuestManifest(await (await get(new URL("guest.json", base), signal)).text(), protocol);
  const at = ({ path }: GuestFile): URL => new URL(path, base);
  const { wasm, state } = manifest.files;
  return {
    manifest,
    components: {
      wasm: async () => compile(await get(at(wasm))),
      snapshot: async (options) => readAll(await get(at(state), options.signal), state.size, options),
    },
  };
}

/** Compiling while it arrives needs the right media type, which not every static host sends. */
async function compile(response: Response): Promise<WebAssembly.Module> {
  if (response.headers.get("content-type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function readAll(response: Response, size: number, { onProgress }: StartOptions): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let done = 0;
  for await (const piece of response.body ?? []) {
    if (done + piece.length > size) throw unavailable(`${response.url} is longer than the guest's manifest says`);
    bytes.set(piece, done);
    done += piece.length;
    onProgress?.({ what: "the guest", done, total: size });
  }
  if (done < size) throw unavailable(`${response.url} ended after ${done} of ${size} bytes`);
  return bytes.buffer;
}

async function get(url: URL, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, signal ? { signal } : {});
  if (!response.ok) throw unavailable(`Cannot fetch ${url}: ${response.status} ${response.statusText}`);
  return response;
}
