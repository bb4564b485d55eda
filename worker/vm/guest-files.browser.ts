import { createSha256 } from "../archive/sha256.ts";
import { errorMessage, unavailable } from "../errdefs/errors.ts";
import { regardless } from "../internal/failures.ts";
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
  const manifest = parseGuestManifest(await readText(new URL("guest.json", base), signal), protocol);
  const at = ({ path }: GuestFile): URL => new URL(path, base);
  const { wasm, state } = manifest.files;
  // What the browser compiles while it arrives cannot be watched piece by piece. It is much smaller than the snapshot that
  // is on its way beside it, and late when that one has been there for long.
  let late = new Patience();
  const compileWatched = async (): Promise<WebAssembly.Module> => {
    const mine = new Patience();
    late = mine;
    return await compile(at(wasm), mine.signal).finally(() => mine.stop());
  };
  return {
    manifest,
    components: {
      wasm: compileWatched,
      snapshot: (options) => download(at(state), state, options).finally(() => late.restart()),
    },
  };
}

/** With a server that sends nothing any more. */
class Patience {
  readonly #lost = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** Aborted when it is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#lost.abort(new Error("the server has stopped sending")), idleTimeout);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

async function readText(url: URL, signal: AbortSignal | undefined): Promise<string> {
  const patience = new Patience();
  patience.restart();
  try {
    return await (await get(url, either(signal, patience.signal))).text();
  } catch (cause) {
    throw patience.signal.aborted ? brokeOff(url, patience.signal.reason) : cause;
  } finally {
    patience.stop();
  }
}

/** Compiling while it arrives needs the right media type, which not every static host sends. */
async function compile(url: URL, signal: AbortSignal): Promise<WebAssembly.Module> {
  const response = await get(url, signal);
  try {
    if (response.headers.get("content-type") === "application/wasm")
      return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    if (signal.aborted) throw brokeOff(url, signal.reason);
    throw unavailable(`Cannot use ${url}: ${errorMessage(cause)}`, { cause });
  }
}

/** The whole file, checked against the manifest: a damaged snapshot would start a damaged machine. */
async function download(
  url: URL,
  { size, sha256 }: GuestFile,
  { signal, onProgress }: StartOptions,
): Promise<ArrayBuffer> {
  const [bytes, hash] = [new Uint8Array(size), await createSha256()];
  let done = 0;
  for await (const piece of arriving(url, signal)) {
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
async function* arriving(url: URL, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const patience = new Patience();
  patience.restart();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    reader = (await get(url, either(signal, patience.signal))).body?.getReader();
    for (;;) {
      const piece = await reader?.read().catch((cause: unknown) => {
        throw brokeOff(url, cause);
      });
      patience.restart();
      if (!piece?.value) return;
      yield piece.value;
    }
  } finally {
    patience.stop();
    regardless(reader?.cancel());
  }
}

function brokeOff(url: URL, cause: unknown): Error {
  return unavailable(`${url} broke off: ${errorMessage(cause)}`, { cause });
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, other]) : other;
}

async function get(url: URL, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw unavailable(`Cannot fetch ${url}: ${errorMessage(cause)}`, { cause });
  });
  if (!response.ok) throw unavailable(`Cannot fetch ${url}: ${response.status} ${response.statusText}`);
  return response;
}
