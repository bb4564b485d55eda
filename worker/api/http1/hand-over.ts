import { regardless } from "../../internal/failures.ts";
import type { UpgradedConnection } from "../engine-api.ts";
import { rawStream } from "../hijack.ts";
import type { ByteReader } from "./byte-reader.ts";
import { encodeHead } from "./response-writer.ts";

const pieceSize = 64 << 10;

/**
 * Gives an HTTP connection to the two streams of an upgraded one. A client that asked for an upgrade gets 101 and learns whether the
 * output is framed; another gets a 200 without a length. The client's end of bytes ends stdin and no more; the end of the output ends
 * the connection.
 */
export async function handOver(options: {
  readonly reader: ByteReader;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly connection: UpgradedConnection;
  /** Value of the Upgrade field. */
  readonly upgrade: string | undefined;
  /** Aborted here when the client breaks the connection. */
  readonly gone: AbortController;
  /** Aborted with `gone`, and when the server stops. */
  readonly signal: AbortSignal;
}): Promise<void> {
  const { reader, writer, connection, upgrade, gone, signal } = options;
  const fields: readonly (readonly [string, string])[] = upgrade
    ? [
        ["content-type", connection.contentType],
        ["connection", "Upgrade"],
        ["upgrade", upgrade],
      ]
    : [["content-type", rawStream]];
  const output = connection.readable.getReader();
  signal.addEventListener("abort", () => regardless(output.cancel(signal.reason)), { once: true });
  const fail = (error: unknown): void => gone.abort(error);
  writer.closed.catch(fail);
  const over = new AbortController();
  pumpInput(reader, connection.writable, over.signal).catch(fail);
  try {
    await writer.write(encodeHead(upgrade ? 101 : 200, fields));
    for (let piece = await output.read(); !piece.done; piece = await output.read()) await writer.write(piece.value);
  } catch (error) {
    fail(error);
    throw error;
  } finally {
    over.abort();
  }
}

/**
 * Rejects when the client broke the connection. Once nobody reads stdin any more the rest is dropped. When the output has ended
 * (`over`) stdin is let go of, which is not its end: the client may have detached.
 */
async function pumpInput(reader: ByteReader, writable: WritableStream<Uint8Array>, over: AbortSignal): Promise<void> {
  const stdin = writable.getWriter();
  over.addEventListener("abort", () => regardless(stdin.abort(new Error("the connection has ended"))));
  let open = true;
  stdin.closed.catch(() => {
    open = false;
  });
  try {
    for (let piece = await reader.take(pieceSize); piece; piece = await reader.take(pieceSize)) {
      if (open) await regardless(stdin.write(piece));
    }
  } catch (error) {
    await regardless(stdin.abort(error));
    throw error;
  }
  if (open) await regardless(stdin.close());
}
