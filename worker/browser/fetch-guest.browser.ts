import { type GuestFile, type GuestManifest, parseGuestManifest } from "../daemon/guest-manifest.ts";
import { system } from "../errdefs/errors.ts";
import type { StartOptions } from "../vm/machine.ts";

/** The built guest as a static host serves it: guest.json, and the files that it names by their content. */
export class FetchedGuest {
  readonly manifest: GuestManifest;
  readonly #base: string;

  private constructor(manifest: GuestManifest, base: string) {
    this.manifest = manifest;
    this.#base = base;
  }

  /** `base` ends with a slash. Rejects with a sentence for the user. */
  static async open(base: string): Promise<FetchedGuest> {
    const response = await get(`${base}guest.json`, { cache: "no-cache" });
    return new FetchedGuest(parseGuestManifest(await response.text()), base);
  }

  async wasm(): Promise<WebAssembly.Module> {
    const response = await get(`${this.#base}${this.manifest.wasm.path}`);
    // A static host may not know the type, and then the streaming compiler refuses.
    const typed = new Response(response.body, { headers: { "Content-Type": "application/wasm" } });
    return WebAssembly.compileStreaming(typed);
  }

  async snapshot(options: StartOptions): Promise<ArrayBuffer> {
    const file = this.manifest.state;
    const response = await get(`${this.#base}${file.path}`, options.signal ? { signal: options.signal } : {});
    return collect(response, file, (done) =>
      options.onProgress?.({ what: "Loading the machine", done, total: file.size }),
    );
  }
}

async function get(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw system(`cannot load ${url}: ${String(cause)}`, { cause });
  });
  if (!response.ok) throw system(`cannot load ${url}: the server answers ${response.status}`);
  return response;
}

/** The bytes of a file whose size is known, and its progress. */
async function collect(response: Response, file: GuestFile, onProgress: (done: number) => void): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(file.size);
  const reader = response.body?.getReader();
  let done = 0;
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) break;
    if (done + piece.value.length > file.size)
      throw system(`cannot load ${file.path}: it is longer than guest.json says`);
    bytes.set(piece.value, done);
    done += piece.value.length;
    onProgress(done);
  }
  if (done !== file.size) throw system(`cannot load ${file.path}: got ${done} of ${file.size} bytes`);
  return bytes.buffer;
}
