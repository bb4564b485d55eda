import { afterEach, expect, it } from "vitest";
import { HostSessionClient } from "../../web/client/host-session-client.ts";
import type { HostSession, HostShell, ShellOptions } from "../host/host-session.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import { serveHostSession } from "./host-server.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of stream) text += new TextDecoder().decode(bytes);
  return text;
}

/** A pair of connected ends. */
function connection(): { readonly near: DuplexBytes; readonly far: DuplexBytes } {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  return {
    near: { readable: down.readable, writable: up.writable },
    far: { readable: up.readable, writable: down.writable },
  };
}

class FakeSession implements HostSession {
  handler: ((connection: DuplexBytes) => Promise<void>) | undefined;
  openShell: (options: ShellOptions) => Promise<HostShell> = () => Promise.reject(new Error("no shell"));
  onInvocation(handler: (connection: DuplexBytes) => Promise<void>) {
    this.handler = handler;
    return {
      dispose: () => {
        this.handler = undefined;
      },
    };
  }
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function connect(): { readonly session: FakeSession; readonly client: HostSessionClient } {
  const session = new FakeSession();
  const { port1, port2 } = new MessageChannel();
  const server = serveHostSession(port1, session);
  const client = new HostSessionClient(port2);
  closing.push(
    () => server.dispose(),
    () => client.dispose(),
  );
  return { session, client };
}

it("a shell that has ended leaves nothing with a signal that lives on", async () => {
  const { session, client } = connect();
  const { near, far } = connection();
  const exited = Promise.resolve({ code: 0, at: new Date(0) });
  session.openShell = async () => ({ ...near, exited, resize: async () => undefined });
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);
  const shell = await client.openShell({ size: { rows: 24, columns: 80 }, signal });
  await far.writable.close();
  await shell.exited;
  await expect.poll(() => listeners.size).toBe(0);
});

it("a shell's bytes, sizes and exit go through", async () => {
  const { session, client } = connect();
  const { near, far } = connection();
  const sizes: unknown[] = [];
  let exit: (code: number) => void = () => undefined;
  let resized: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => {
    resized = resolve;
  });
  session.openShell = async ({ size, env }) => {
    sizes.push(size, env);
    const exited = new Promise<{ code: number; at: Date }>((resolve) => {
      exit = (code) => resolve({ code, at: new Date(0) });
    });
    return {
      ...near,
      exited,
      resize: async (next) => {
        sizes.push(next);
        resized();
      },
    };
  };
  const shell = await client.openShell({ size: { rows: 24, columns: 80 }, env: { TERM: "dumb" } });
  const typed = far.readable.getReader();
  await shell.writable.getWriter().write(encode("ls\n"));
  expect(new TextDecoder().decode((await typed.read()).value)).toBe("ls\n");
  await shell.resize({ rows: 50, columns: 132 });
  await seen;
  const printed = readAll(shell.readable);
  const screen = far.writable.getWriter();
  await screen.write(encode("file\n"));
  await screen.close();
  exit(3);
  expect(await printed).toBe("file\n");
  expect(await shell.exited).toEqual({ code: 3, at: new Date(0) });
  expect(sizes).toEqual([{ rows: 24, columns: 80 }, { TERM: "dumb" }, { rows: 50, columns: 132 }]);
});

it("a shell that cannot be opened says why", async () => {
  const { client } = connect();
  await expect(client.openShell({ size: { rows: 1, columns: 1 } })).rejects.toThrow("no shell");
});

it("a page that gives a shell up has it hung up", async () => {
  const { session, client } = connect();
  const hungUp = new Promise<void>((resolve) => {
    session.openShell = async ({ signal }) => {
      signal?.addEventListener("abort", () => resolve());
      const { near } = connection();
      return { ...near, exited: new Promise(() => undefined), resize: async () => undefined };
    };
  });
  const abort = new AbortController();
  const shell = await client.openShell({ size: { rows: 1, columns: 1 }, signal: abort.signal });
  abort.abort();
  await hungUp;
  await expect(shell.exited).rejects.toThrow();
});

it("a guest that dies takes its shells with it, and says why", async () => {
  const { session, client } = connect();
  const { near, far } = connection();
  let die: (reason: Error) => void = () => undefined;
  const exited = new Promise<never>((_, reject) => {
    die = reject;
  });
  exited.catch(() => undefined);
  session.openShell = async () => ({ ...near, exited, resize: async () => undefined });
  const shell = await client.openShell({ size: { rows: 1, columns: 1 } });
  const gone = new Error("the guest is gone");
  const printed = readAll(shell.readable);
  await far.writable.abort(gone);
  await expect(printed).rejects.toThrow("the guest is gone");
  // Nobody waits for that any more: were it left unhandled, this file would fail.
  die(gone);
  await expect(shell.exited).rejects.toThrow("the guest is gone");
});

it("an invocation is a connection until its handler has ended", async () => {
  const { session, client } = connect();
  client.onInvocation(async ({ readable, writable }) => {
    const writer = writable.getWriter();
    for await (const bytes of readable) await writer.write(encode(new TextDecoder().decode(bytes).toUpperCase()));
    await writer.close();
  });
  const { near, far } = connection();
  const handled = session.handler?.(far);
  const writer = near.writable.getWriter();
  await writer.write(encode("docker ps"));
  const heard = readAll(near.readable);
  await writer.close();
  expect(await heard).toBe("DOCKER PS");
  await handled;
});

it("an invocation that nobody takes ends at once", async () => {
  const { session } = connect();
  const { near, far } = connection();
  const handled = session.handler?.(far);
  await expect(readAll(near.readable)).rejects.toThrow("nobody takes docker invocations");
  await handled;
});

it("when the page is gone its invocations are no longer handed to it", () => {
  const { session, client } = connect();
  expect(session.handler).toBeDefined();
  client.dispose();
  closing.splice(0)[0]?.();
  expect(session.handler).toBeUndefined();
});
