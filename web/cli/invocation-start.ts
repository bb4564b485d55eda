import { ByteQueue } from "../../worker/internal/byte-queue.ts";
import { WireReader } from "../../worker/internal/wire/fields.ts";
import { type Frame, ProtocolError } from "../../worker/internal/wire/frames.ts";
import type { TerminalSize } from "../../worker/shim/guest.ts";
import { From, INVOCATION_VERSION } from "./invocation-wire.ts";

/** More the kernel would not have passed to a program. */
const STRINGS_MAX = 1 << 20;
const COUNT_MAX = 65_536;
const CWD_MAX = 4096;

/** With what `docker` was called. */
export interface InvocationStart {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly tty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly size: TerminalSize | undefined;
}

/** Reads START and the STRINGS that follow it. Throws ProtocolError when they are malformed or too large. */
export async function readStart(frames: AsyncIterator<Frame, void, void>): Promise<InvocationStart> {
  const fields = new WireReader(await next(frames, From.START));
  const version = fields.u32();
  if (version !== INVOCATION_VERSION) throw new ProtocolError(`version ${version}`);
  const terminals = fields.u32();
  const size = { rows: fields.u16(), columns: fields.u16() };
  const [argc, envc] = [fields.u32(), fields.u32()];
  const cwd = fields.rest();
  if (argc > COUNT_MAX || envc > COUNT_MAX || cwd.length > CWD_MAX) throw new ProtocolError("START too large");
  const strings = await readStrings(frames, argc + envc);
  return {
    argv: strings.slice(0, argc),
    env: environment(strings.slice(argc)),
    cwd: new TextDecoder().decode(cwd),
    tty: { stdin: (terminals & 1) !== 0, stdout: (terminals & 2) !== 0, stderr: (terminals & 4) !== 0 },
    size: size.rows > 0 && size.columns > 0 ? size : undefined,
  };
}

async function readStrings(frames: AsyncIterator<Frame, void, void>, count: number): Promise<readonly string[]> {
  const held = new ByteQueue();
  let ends = 0;
  while (ends < count) {
    const piece = await next(frames, From.STRINGS);
    if (held.length + piece.length > STRINGS_MAX || piece.length === 0)
      throw new ProtocolError("argument list too long");
    for (const byte of piece) if (byte === 0) ends++;
    held.push(piece);
  }
  const strings = new TextDecoder().decode(held.bytes).split("\0");
  if (strings.pop() !== "" || strings.length !== count) throw new ProtocolError("strings do not match their number");
  return strings;
}

/** The first of several variables of a name counts, as for getenv(3). */
function environment(pairs: readonly string[]): Readonly<Record<string, string>> {
  const env = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = at > 0 ? pair.slice(0, at) : "";
    if (name !== "" && !env.has(name)) env.set(name, pair.slice(at + 1));
  }
  return Object.fromEntries(env);
}

async function next(frames: AsyncIterator<Frame, void, void>, type: number): Promise<Uint8Array> {
  const { done, value } = await frames.next();
  if (done) throw new ProtocolError("ended before it had begun");
  if (value.type !== type) throw new ProtocolError(`frame of type ${value.type}, expected ${type}`);
  return value.payload;
}
