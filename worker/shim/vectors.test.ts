import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { WireReader } from "../internal/wire/fields.ts";
import { encodeFrame, type Frame, FrameReader } from "../internal/wire/frames.ts";
import { decodeAccept, decodeExit } from "./answers.ts";
import type { GuestOperation, SpawnOptions } from "./guest.ts";
import { agentSources, compileProgram } from "./native-agent.node.ts";
import { encodeBatch } from "./operations.ts";
import { FrameType } from "./protocol.ts";
import {
  encodeHello,
  encodeKill,
  encodeListen,
  encodePath,
  encodeReadFile,
  encodeResize,
  encodeSpawn,
  encodeTime,
  encodeUnlisten,
} from "./requests.ts";

interface RequestVector {
  readonly name: string;
  readonly type: number;
  readonly id: number;
  /** The whole frame. */
  readonly hex: string;
  /** What the agent understands, field by field. */
  readonly fields: readonly string[];
}

interface MalformedVector {
  readonly name: string;
  readonly type: number;
  /** The payload. */
  readonly hex: string;
}

interface Vectors {
  readonly requests: readonly RequestVector[];
  readonly malformed: readonly MalformedVector[];
  readonly events: readonly { readonly name: string; readonly hex: string }[];
}

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const ascii = (text: string) => new TextEncoder().encode(text);

const operations: readonly GuestOperation[] = [
  { op: "mkdir", path: "/a", mode: 0o755, parents: true },
  { op: "write", path: "/a/f", bytes: ascii("hi"), mode: 0o600 },
  { op: "append", path: "/a/f", bytes: ascii("!") },
  { op: "symlink", target: "f", path: "/a/l" },
  { op: "remove", path: "/a", recursive: true, missingOk: true },
  { op: "mount", source: "o", target: "/m", type: "overlay", options: ["ro", "nosuid", "lowerdir=/l"] },
  { op: "unmount", target: "/m", lazy: true, missingOk: true },
  { op: "copy", root: "/r", from: "/d", to: "/v", missingOk: true },
  { op: "bind", root: "/s", source: "x/y", target: "/t", make: true },
];
const spawnOptions: SpawnOptions = {
  argv: ["crun", "run"],
  env: ["A=é"],
  cwd: "/w",
  tty: { via: "console-socket", path: "/c" },
  size: { rows: 24, columns: 80 },
  adopt: { pidFile: "/p", errorLog: "/e" },
};
const time = new Date("2106-02-07T06:28:16.500Z");

/** What the shim sends for each vector's name. */
const payloads: Readonly<Record<string, () => Uint8Array>> = {
  hello: () =>
    encodeHello({
      now: time,
      entropy: Uint8Array.of(1, 2, 3),
      files: { type: "9p", source: "host", data: "trans=virtio" },
    }),
  batch: () => encodeBatch(operations)[0]?.payload ?? new Uint8Array(),
  readfile: () => encodeReadFile("/etc/passwd", 4096, "/r"),
  readdir: () => encodePath("/d"),
  usage: () => encodePath("/u"),
  spawn: () => encodeSpawn(spawnOptions, { stdio: 21, stderr: 0 }),
  kill: () => encodeKill(0, -5, 9),
  resize: () => encodeResize(20, { rows: 50, columns: 132 }),
  listen: () => encodeListen("/run/s", 0o660),
  unlisten: () => encodeUnlisten(12),
  settime: () => encodeTime(time),
  quiesce: () => new Uint8Array(),
  ping: () => new Uint8Array(),
};

describe("agent protocol vectors", async () => {
  const vectors: Vectors = JSON.parse(
    await readFile(new URL("../../kernel-image/vectors/agent.json", import.meta.url), "utf8"),
  );
  let program: string;
  beforeAll(async () => {
    const sources = (await agentSources()).filter((path) => !path.endsWith("/main.c"));
    program = await compileProgram("vectors", ["agent/vectors-test.c", ...sources]);
  }, 60_000);
  const agent = async (...args: readonly string[]) =>
    (await promisify(execFile)(program, args, { encoding: "buffer" })).stdout;

  it("has a vector for each request", () => {
    const events: readonly number[] = [FrameType.READY, FrameType.RESULT, FrameType.EXIT, FrameType.ACCEPT];
    const requests = Object.values(FrameType).filter((type) => type < FrameType.DATA && !events.includes(type));
    expect(vectors.requests.map(({ type }) => type)).toEqual(requests);
  });

  it.each(vectors.requests)(
    "the shim sends $name and the agent understands it",
    async ({ name, type, id, hex, fields }) => {
      const payload = payloads[name]?.() ?? new Uint8Array();
      expect(toHex(encodeFrame(type, id, payload))).toBe(hex);
      const understood = (await agent("decode", String(type), hex.slice(24))).toString().split("\n").slice(0, -1);
      expect(understood).toEqual(fields);
    },
  );

  // UNLISTEN, one number, and QUIESCE and PING, none, are read where they are carried out.
  const decoded = vectors.requests.filter(({ name }) => !["unlisten", "quiesce", "ping"].includes(name));
  it.each(decoded)("the agent refuses $name that is cut short anywhere, or goes on", async ({ type, hex }) => {
    const payload = hex.slice(24);
    const wrong = Array.from({ length: payload.length / 2 }, (_, bytes) => payload.slice(0, 2 * bytes));
    for (const one of [...wrong, `${payload}00`]) {
      const lines = (await agent("decode", String(type), one)).toString().trimEnd().split("\n");
      expect(lines.at(-1), one).toBe("malformed");
    }
  });

  it.each(vectors.malformed)("the agent refuses $name", async ({ type, hex }) => {
    const lines = (await agent("decode", String(type), hex)).toString().trimEnd().split("\n");
    expect(lines.at(-1)).toBe("malformed");
  });

  it("the agent sends the events", async () => {
    const sent = new Uint8Array(await agent("encode"));
    const frames: string[] = [];
    new FrameReader().push(sent, ({ type, flags, id, payload }) =>
      frames.push(toHex(encodeFrame(type, id, payload, flags))),
    );
    expect(frames).toEqual(vectors.events.map(({ hex }) => hex));
  });

  it("the shim understands the events, however they are cut", () => {
    const all = fromHex(vectors.events.map(({ hex }) => hex).join(""));
    for (const size of [1, 5, 12, 13, all.length]) {
      const frames: Frame[] = [];
      const reader = new FrameReader();
      for (let at = 0; at < all.length; at += size)
        reader.push(all.subarray(at, at + size), (frame) => frames.push(frame));
      const body = (type: number) =>
        new WireReader(frames.find((frame) => frame.type === type)?.payload ?? new Uint8Array());
      expect(frames.length).toBe(vectors.events.length);
      expect(decodeExit(body(FrameType.EXIT))).toEqual({ code: 143, signal: 15, at: time });
      expect(decodeAccept(body(FrameType.ACCEPT))).toEqual({ listener: 5, pid: 1234, uid: 1000, gid: 100 });
      expect(body(FrameType.DATA).restAsText()).toBe("hello");
    }
  });
});
