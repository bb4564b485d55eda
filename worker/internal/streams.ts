/** A pair of byte streams that are one connection. Closing `writable` half-closes it. */
export interface DuplexBytes {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A request's body. Firefox has no `Request.body` to read from: there it comes in one piece. */
export function requestBody(request: Request): ReadableStream<Uint8Array> | null {
  const { body }: { readonly body?: ReadableStream<Uint8Array> | null } = request;
  if (body !== undefined) return body;
  return new ReadableStream({
    async start(controller) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
