import type { CliFiles, FileStat } from "./context.ts";
import { fileError, type InvocationRequests } from "./invocation-requests.ts";
import { Fields, FRAME_MAX, InvocationError, str, To, u32, u64 } from "./invocation-wire.ts";

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
    const bytes = await this.#requests.ask(To.READ, [u64(0), u32(most), str(path)], most);
    if (limit === undefined && bytes.length > READ_MAX) throw fileError(EFBIG);
    return bytes;
  }

  async write(path: string, bytes: Uint8Array, mode = 0o666): Promise<void> {
    const first = bytes.subarray(0, PIECE);
    await this.#requests.ask(To.WRITE, [u32(mode), u32(first.length), first, str(path)]);
    for (let at = PIECE; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      await this.#requests.ask(To.APPEND, [u32(piece.length), piece, str(path)]);
    }
  }

  async stat(path: string): Promise<FileStat> {
    const fields = new Fields(await this.#requests.ask(To.STAT, [str(path)], 64));
    const kind = kinds[fields.u32() - 1];
    if (!kind) throw new InvocationError("unknown kind of file");
    const mode = fields.u32() & 0o7777;
    const size = fields.u64();
    const modified = new Date(fields.u64() * 1000 + fields.u32() / 1e6);
    if (Number.isNaN(modified.getTime())) throw new InvocationError("time out of range");
    return { kind, size, mode, modified };
  }

  async readDir(path: string): Promise<readonly string[]> {
    const names = await this.#requests.ask(To.READDIR, [str(path)], LISTING_MAX);
    return new TextDecoder().decode(names).split("\0").slice(0, -1);
  }

  async mkdir(path: string, mode = 0o777): Promise<void> {
    await this.#requests.ask(To.MKDIR, [u32(mode), str(path)]);
  }

  async readLink(path: string): Promise<string> {
    return new TextDecoder().decode(await this.#requests.ask(To.READLINK, [str(path)], 4096));
  }

  async remove(path: string): Promise<void> {
    await this.#requests.ask(To.REMOVE, [str(path)]);
  }
}
