import { WireReader, WireWriter } from "../../worker/internal/wire/fields.ts";
import { FRAME_MAX, ProtocolError } from "../../worker/internal/wire/frames.ts";
import type { CliFiles, FileStat } from "./context.ts";
import { FileError } from "./file-error.ts";
import type { InvocationRequests } from "./invocation-requests.ts";
import { To } from "./invocation-wire.ts";

/** What is read without a limit of the caller's may be so long. */
const READ_MAX = 64 << 20;
const LISTING_MAX = 16 << 20;
const EFBIG = 27;
const PIECE = FRAME_MAX - 8192;
const kinds = ["file", "directory", "symlink", "other"] as const;

/** The files of the machine on which `docker` was called, read and written by that program. */
export class InvocationFiles implements CliFiles {
  readonly #requests: InvocationRequests;

  constructor(requests: InvocationRequests) {
    this.#requests = requests;
  }

  async read(path: string, limit?: number): Promise<Uint8Array> {
    const most = limit ?? READ_MAX + 1;
    const bytes = await this.#requests.ask(To.READ, new WireWriter().u64(0n).u32(most).string(path), most);
    if (limit === undefined && bytes.length > READ_MAX) throw new FileError(EFBIG);
    return bytes;
  }

  async write(path: string, bytes: Uint8Array, mode = 0o666): Promise<void> {
    const first = bytes.subarray(0, PIECE);
    await this.#requests.ask(To.WRITE, new WireWriter().u32(mode).bytes(first).string(path));
    for (let at = PIECE; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      await this.#requests.ask(To.APPEND, new WireWriter().bytes(piece).string(path));
    }
  }

  async stat(path: string): Promise<FileStat> {
    const fields = new WireReader(await this.#requests.ask(To.STAT, new WireWriter().string(path), 64));
    const kind = kinds[fields.u32() - 1];
    if (!kind) throw new ProtocolError("unknown kind of file");
    const mode = fields.u32() & 0o7777;
    const size = fields.u64();
    return { kind, size, mode, modified: fields.time() };
  }

  async readDir(path: string): Promise<readonly string[]> {
    const names = await this.#requests.ask(To.READDIR, new WireWriter().string(path), LISTING_MAX);
    return new TextDecoder().decode(names).split("\0").slice(0, -1);
  }

  async mkdir(path: string, mode = 0o777): Promise<void> {
    await this.#requests.ask(To.MKDIR, new WireWriter().u32(mode).string(path));
  }

  async readLink(path: string): Promise<string> {
    return new TextDecoder().decode(await this.#requests.ask(To.READLINK, new WireWriter().string(path), 4096));
  }

  async remove(path: string): Promise<void> {
    await this.#requests.ask(To.REMOVE, new WireWriter().string(path));
  }
}
