import { createSha256 } from "../archive/sha256.ts";
import { errorMessage, unavailable } from "../errdefs/errors.ts";
import { type GuestFile, type GuestManifest, parseGuestManifest } from "./guest-manifest.ts";
import type { StartOptions } from "./machine.ts";
import type { V86MachineComponents } from "./v86.ts";

/** A built guest beside the page. */
export interface GuestDownload {
  readonly manifest: GuestManifest;
  readonly components: V86MachineComponents;
}

/** Milliseconds without a byte after which a server has stopped sending. */
const idleTimeout = 30_000;

/** `base` is the folder's URL, with a slash at the end. Rejects with `Unavailable` when it cannot be had. */
export async function openGuestDownload(base: URL, protocol: number, signal?: AbortSignal): Promise<GuestDownload> {
  const manifest = parseGuestManifest(await (await get(new URL("guest.json", base), signal)).text(), protocol);
  const at = ({ path }: GuestFile): URL => new URL(path, base);
  const { wasm, state } = manifest.files;
  return {
    manifest,
    components: {
      wasm: async () => compile(await get(at(wasm))),
      snapshot: (options) => download(at(state), state, options),
    },
  };
}

/** Compiling while it arrives needs the right media type, which not every static host sends. */
async function compile(response: Response): Promise<WebAssembly.Module> {
  try {
    if (response.headers.get("content-type") === "application/wasm")
      return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw unavailable(`Cannot use ${response.url}: ${errorMessage(cause)}`, { cause });
  }
}

/** The whole file, checked against the manifest: a damaged snapshot would start a damaged machine. */
async function download(
  url: URL,
  { size, sha256 }: GuestFile,
  { signal, onProgress }: StartOptions,
): Promise<ArrayBuffer> {
  const watch = new AbortController();
  const response = await get(url, signal ? AbortSignal.any([signal, watch.signal]) : watch.signal);
  const [bytes, hash] = [new Uint8Array(size), await createSha256()];
  let done = 0;
  for await (const piece of arriving(response, watch)) {
    if (done + piece.length > size) throw unavailable(`${url} is longer than the guest's manifest says`);
    bytes.set(piece, done);
    hash.update(piece);
    done += piece.length;
    onProgress?.({ what: "Downloading the machine", done, total: size });
  }
  if (done < size) throw unavailable(`${url} ended after ${done} of ${size} bytes`);
  if (hash.digest() !== `sha256:${sha256}`) throw unavailable(`${url} is damaged: its sha256 is not the manifest's`);
  return bytes.buffer;
}

/** The body's pieces, until it ends or nothing comes any more. */
async function* arriving(response: Response, watch: AbortController): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      timer = setTimeout(() => watch.abort(new Error("the server has stopped sending")), idleTimeout);
      const piece = await reader?.read();
      clearTimeout(timer);
      if (!piece?.value) return;
      yield piece.value;
    }
  } catch (cause) {
    throw unavailable(`${response.url} broke off: ${errorMessage(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    reader?.cancel().catch(() => undefined);
  }
}

async function get(url: URL, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    throw unavailable(`Cannot fetch ${url}: ${errorMessage(cause)}`, { cause });
  });
  if (!response.ok) throw unavailable(`Cannot fetch ${url}: ${response.status} ${response.statusText}`);
  return response;
}
