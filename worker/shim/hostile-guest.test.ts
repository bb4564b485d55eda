import { describe, expect, it } from "vitest";
import { isEngineError } from "../errdefs/errors.ts";
import { WireWriter } from "../internal/wire/fields.ts";
import { encodeFrame, FRAME_MAX, type Frame, FrameReader } from "../internal/wire/frames.ts";
import type { AgentPort } from "../vm/machine.ts";
import { AgentClient } from "./agent-client.ts";
import type { GuestConnection, GuestProcess } from "./guest.ts";
import { FrameType, GUEST_STREAMS, GUEST_WINDOW_MAX, HOST_WINDOW, PROTOCOL_VERSION } from "./protocol.ts";

/** A guest that says what the test tells it to. */
class ForgedGuest implements AgentPort {
  readonly queued = 0;
  readonly sent: Frame[] = [];
  readonly #reader = new FrameReader();
  #listener: ((bytes: Uint8Array) => void) | undefined;

  send(bytes: Uint8Array): void {
    this.#reader.push(bytes, (frame) => this.sent.push(frame));
  }

  onReceive(listener: (bytes: Uint8Array) => void): { dispose(): void } {
    this.#listener = listener;
    return {
      dispose: () => {
        this.#listener = undefined;
      },
    };
  }

  say(type: number, id: number, payload?: Uint8Array, flags = 0): void {
    this.#listener?.(encodeFrame(type, id, payload, flags));
  }

  raw(bytes: Uint8Array): void {
    this.#listener?.(bytes);
  }

  /** The last request of a type. */
  last(type: number): Frame {
    const frame = this.sent.findLast((one) => one.type === type);
    if (!frame) throw new Error(`no frame of type ${type}`);
    return frame;
  }

  result(type: number, body: WireWriter = new WireWriter(), errno = 0): void {
    this.say(FrameType.RESULT, this.last(type).id, new WireWriter().u32(errno).raw(body.finish()).finish());
  }
}

const helloAnswer = (version: number = PROTOCOL_VERSION, window = 1000) =>
  new WireWriter()
    .u32(version)
    .u32(window)
    .u64(1n << 28n)
    .raw(new TextEncoder().encode("6.12"));

interface Session {
  readonly guest: ForgedGuest;
  readonly client: AgentClient;
  readonly reasons: string[];
}

async function connected(): Promise<Session> {
  const guest = new ForgedGuest();
  const client = new AgentClient({ port: guest, now: () => new Date(0) });
  const reasons: string[] = [];
  client.onGone((reason) => reasons.push(reason));
  const connecting = client.connect();
  guest.result(FrameType.HELLO, helloAnswer());
  await connecting;
  return { guest, client, reasons };
}

/** A process with all three streams; ids are what a hostile guest would know. */
async function spawned({ guest, client }: Session): Promise<{ process: GuestProcess; id: number; stdio: number }> {
  const starting = client.spawn({ argv: ["x"], stdin: true, stdout: true, stderr: true });
  const request = guest.last(FrameType.SPAWN);
  const stdio = new DataView(request.payload.buffer, request.payload.byteOffset).getUint32(4, true);
  guest.result(FrameType.SPAWN, new WireWriter().u32(77));
  return { process: await starting, id: request.id, stdio };
}

const exit = (code: number, signal = 0, seconds = 1n) =>
  new WireWriter().u32(code).u32(signal).u64(seconds).u32(0).finish();
const accept = (listener: number) => new WireWriter().u32(listener).u32(1).u32(0).u32(0).finish();

describe("AgentClient and a hostile guest", () => {
  it("drops what comes before the answer to its HELLO", async () => {
    const guest = new ForgedGuest();
    const client = new AgentClient({ port: guest, now: () => new Date(0) });
    const connecting = client.connect();
    guest.say(FrameType.READY, 0, new WireWriter().u32(1).finish());
    guest.say(FrameType.DATA, 5, new Uint8Array(10));
    guest.say(FrameType.EXIT, 5, exit(0));
    guest.say(FrameType.RESULT, guest.last(FrameType.HELLO).id + 1, new WireWriter().u32(0).finish());
    guest.result(FrameType.HELLO, helloAnswer());
    await connecting;
    expect(client.info).toEqual({ protocol: PROTOCOL_VERSION, kernel: "6.12", memory: 1 << 28 });
  });

  it("refuses another protocol version", async () => {
    const guest = new ForgedGuest();
    const client = new AgentClient({ port: guest, now: () => new Date(0) });
    const connecting = client.connect();
    guest.result(FrameType.HELLO, helloAnswer(PROTOCOL_VERSION + 1));
    const failure = await connecting.catch((error: unknown) => error);
    expect(isEngineError(failure, "Unavailable")).toBe(true);
  });

  it("refuses a window that no guest has", async () => {
    const guest = new ForgedGuest();
    const client = new AgentClient({ port: guest, now: () => new Date(0) });
    const connecting = client.connect();
    guest.result(FrameType.HELLO, helloAnswer(PROTOCOL_VERSION, GUEST_WINDOW_MAX + 1));
    await expect(connecting).rejects.toMatchObject({ name: "Unavailable" });
  });

  it("gives connecting up when its signal says so", async () => {
    const client = new AgentClient({ port: new ForgedGuest(), now: () => new Date(0) });
    const abort = new AbortController();
    const connecting = client.connect(abort.signal);
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ name: "Unavailable" });
  });

  const violations: readonly (readonly [string, (session: Session) => Promise<void> | void])[] = [
    ["a frame that is too long", ({ guest }) => guest.raw(Uint8Array.of(1, 0, 1, 0, 33, 0, 0, 0, 0, 0, 0, 0))],
    ["a result of no request", ({ guest }) => guest.say(FrameType.RESULT, 1, new WireWriter().u32(0).finish())],
    ["a frame of unknown type", ({ guest }) => guest.say(99, 1)],
    ["a request of its own", ({ guest }) => guest.say(FrameType.KILL, 1)],
    ["data of an unknown stream", ({ guest }) => guest.say(FrameType.DATA, 1, Uint8Array.of(1))],
    ["credit for a stream that never was", ({ guest }) => guest.say(FrameType.CREDIT, 0x7fff_ffff, new Uint8Array(4))],
    ["an exit of an unknown process", ({ guest }) => guest.say(FrameType.EXIT, 1, exit(0))],
    ["a connection to no listener", ({ guest }) => guest.say(FrameType.ACCEPT, GUEST_STREAMS, accept(0x7fff_ffff))],
    [
      "an errno that is none",
      ({ guest, client }) => {
        client.readDir("/").catch(() => undefined);
        guest.result(FrameType.READDIR, new WireWriter(), 5000);
      },
    ],
    [
      "a result without errno",
      ({ guest, client }) => {
        client.readDir("/").catch(() => undefined);
        guest.say(FrameType.RESULT, guest.last(FrameType.READDIR).id, new Uint8Array(3));
      },
    ],
    [
      "more of a file than was asked for",
      ({ guest, client }) => {
        client.readFile("/f", 4).catch(() => undefined);
        guest.result(FrameType.READFILE, new WireWriter().raw(new Uint8Array(5)));
      },
    ],
    [
      "a part with nothing in it",
      ({ guest, client }) => {
        client.readFile("/f").catch(() => undefined);
        guest.say(FrameType.RESULT, guest.last(FrameType.READFILE).id, new Uint8Array(4), 1);
      },
    ],
    [
      "data with nothing in it",
      async (session) => {
        const { stdio } = await spawned(session);
        session.guest.say(FrameType.DATA, stdio);
      },
    ],
    [
      "an answer in parts where there are none",
      ({ guest, client }) => {
        client.kill(1, 0).catch(() => undefined);
        guest.say(FrameType.RESULT, guest.last(FrameType.KILL).id, new Uint8Array(4), 1);
      },
    ],
    [
      "an index of no operation",
      ({ guest, client }) => {
        client.run([{ op: "remove", path: "/x" }]).catch(() => undefined);
        guest.result(FrameType.BATCH, new WireWriter().u32(1), 2);
      },
    ],
    [
      "a pid that is none",
      ({ guest, client }) => {
        client.spawn({ argv: ["x"] }).catch(() => undefined);
        guest.result(FrameType.SPAWN, new WireWriter().u32(0));
      },
    ],
    [
      "more data than credit",
      async (session) => {
        const { stdio } = await spawned(session);
        for (let sent = 0; sent <= HOST_WINDOW; sent += FRAME_MAX) {
          session.guest.say(FrameType.DATA, stdio, new Uint8Array(FRAME_MAX));
        }
      },
    ],
    [
      "data after the end",
      async (session) => {
        const { stdio } = await spawned(session);
        session.guest.say(FrameType.END, stdio);
        session.guest.say(FrameType.DATA, stdio, Uint8Array.of(1));
      },
    ],
    [
      "absurd credit",
      async (session) => {
        const { stdio } = await spawned(session);
        session.guest.say(FrameType.CREDIT, stdio, new WireWriter().u32(0xffff_ffff).finish());
      },
    ],
    [
      "more credit than was used",
      async (session) => {
        const { process, stdio } = await spawned(session);
        await process.stdin?.getWriter().write(new Uint8Array(10));
        session.guest.say(FrameType.CREDIT, stdio, new WireWriter().u32(11).finish());
      },
    ],
    [
      "an exit twice",
      async (session) => {
        const { id } = await spawned(session);
        session.guest.say(FrameType.EXIT, id, exit(0));
        session.guest.say(FrameType.EXIT, id, exit(0));
      },
    ],
    [
      "an exit code that is none",
      async (session) => {
        const { id } = await spawned(session);
        session.guest.say(FrameType.EXIT, id, exit(256));
      },
    ],
    [
      "a time out of range",
      async (session) => {
        const { id } = await spawned(session);
        session.guest.say(FrameType.EXIT, id, exit(0, 0, 1n << 50n));
      },
    ],
    [
      "too many connections",
      async ({ guest, client }) => {
        const listening = client.listen("/s", 0o600, () => undefined);
        guest.result(FrameType.LISTEN);
        await listening;
        const { id } = guest.last(FrameType.LISTEN);
        for (let i = 0; i <= 256; i++) guest.say(FrameType.ACCEPT, GUEST_STREAMS + i, accept(id));
      },
    ],
  ];

  interface Ids {
    readonly listener: number;
    readonly process: number;
    readonly stdio: number;
  }

  const whole: readonly (readonly [string, number, (ids: Ids) => readonly [id: number, payload: Uint8Array]])[] = [
    ["an exit", FrameType.EXIT, ({ process }) => [process, exit(0)]],
    ["a connection", FrameType.ACCEPT, ({ listener }) => [GUEST_STREAMS, accept(listener)]],
    ["credit", FrameType.CREDIT, ({ stdio }) => [stdio, new WireWriter().u32(0).finish()]],
  ];
  it.each(whole)("gives the machine up for %s that is cut short anywhere, or goes on", async (_name, type, make) => {
    const reasonsFor = async (alter: (payload: Uint8Array) => Uint8Array) => {
      const session = await connected();
      const listening = session.client.listen("/s", 0o600, () => undefined);
      session.guest.result(FrameType.LISTEN);
      await listening;
      const { id: process, stdio } = await spawned(session);
      const [id, payload] = make({ listener: session.guest.last(FrameType.LISTEN).id, process, stdio });
      session.guest.say(type, id, alter(payload));
      return [payload.length, session.reasons] as const;
    };
    const [length, reasons] = await reasonsFor((payload) => payload);
    expect(reasons).toEqual([]);
    const broken = [expect.stringContaining("agent protocol")];
    for (let cut = 0; cut < length; cut++) expect((await reasonsFor((all) => all.subarray(0, cut)))[1]).toEqual(broken);
    expect((await reasonsFor((all) => new Uint8Array([...all, 0])))[1]).toEqual(broken);
  });

  it.each(violations)("gives the machine up for %s", async (_name, violate) => {
    const session = await connected();
    const waiting = session.client.usage("/").catch((error: unknown) => error);
    await violate(session);
    expect(session.reasons.length).toBe(1);
    expect(session.reasons[0]).toContain("agent protocol");
    expect(isEngineError(await waiting, "Unavailable")).toBe(true);
    // Nothing is sent any more.
    const sent = session.guest.sent.length;
    await session.client.readDir("/").catch(() => undefined);
    expect(session.guest.sent.length).toBe(sent);
  });

  it("puts an answer in parts of single bytes together", async () => {
    const { guest, client, reasons } = await connected();
    const reading = client.readFile("/f", 100_000);
    const { id } = guest.last(FrameType.READFILE);
    for (let i = 0; i < 99_999; i++) guest.say(FrameType.RESULT, id, Uint8Array.of(0, 0, 0, 0, i), 1);
    guest.result(FrameType.READFILE, new WireWriter().raw(Uint8Array.of(7)));
    const bytes = await reading;
    expect(bytes.length).toBe(100_000);
    expect([bytes[0], bytes[257], bytes[99_998], bytes[99_999]]).toEqual([0, 1, 99_998 % 256, 7]);
    expect(reasons).toEqual([]);
  });

  it("holds no more than the window of single bytes, and in few pieces", async () => {
    const session = await connected();
    const { process, stdio } = await spawned(session);
    for (let i = 0; i < HOST_WINDOW; i++) session.guest.say(FrameType.DATA, stdio, Uint8Array.of(i));
    expect(session.reasons).toEqual([]);
    session.guest.say(FrameType.END, stdio);
    let [length, pieces] = [0, 0];
    for await (const piece of process.stdout ?? []) {
      expect(piece[0]).toBe(length % 256);
      length += piece.length;
      pieces++;
    }
    expect(length).toBe(HOST_WINDOW);
    expect(pieces).toBeLessThan(40);
  });

  it("gives credit back only for what was read", async () => {
    const session = await connected();
    const { process, stdio } = await spawned(session);
    const credits = () => session.guest.sent.filter(({ type }) => type === FrameType.CREDIT).length;
    for (let sent = 0; sent < HOST_WINDOW; sent += FRAME_MAX) {
      session.guest.say(FrameType.DATA, stdio, new Uint8Array(FRAME_MAX));
    }
    expect(credits()).toBe(0);
    await process.stdout?.getReader().read();
    expect(credits()).toBe(1);
  });

  it("sends no more than its credit", async () => {
    const session = await connected();
    const { process, stdio } = await spawned(session);
    const data = () =>
      session.guest.sent.filter(({ type }) => type === FrameType.DATA).map(({ payload }) => payload.length);
    const writing = process.stdin?.getWriter().write(new Uint8Array(1500));
    await Promise.resolve();
    expect(data()).toEqual([1000]);
    session.guest.say(FrameType.CREDIT, stdio, new WireWriter().u32(600).finish());
    await writing;
    expect(data()).toEqual([1000, 500]);
  });

  it("takes credit and STOP that crossed its END", async () => {
    const session = await connected();
    const { process, stdio, id } = await spawned(session);
    await process.stdin?.close();
    session.guest.say(FrameType.END, stdio);
    session.guest.say(FrameType.CREDIT, stdio, new WireWriter().u32(10).finish());
    session.guest.say(FrameType.STOP, stdio);
    session.guest.say(FrameType.EXIT, id, exit(0));
    expect(await process.exited).toEqual({ code: 0, at: new Date(1000) });
    expect(session.reasons).toEqual([]);
  });

  it("refuses a connection that crossed the end of its listener", async () => {
    const { guest, client, reasons } = await connected();
    const connections: GuestConnection[] = [];
    const listening = client.listen("/s", 0o600, (connection) => connections.push(connection));
    guest.result(FrameType.LISTEN);
    (await listening).dispose();
    guest.say(FrameType.ACCEPT, GUEST_STREAMS, accept(guest.last(FrameType.LISTEN).id));
    await expect.poll(() => guest.sent.some(({ type }) => type === FrameType.STOP)).toBe(true);
    expect(guest.last(FrameType.END).id).toBe(GUEST_STREAMS);
    expect(connections).toEqual([]);
    expect(reasons).toEqual([]);
  });
});
