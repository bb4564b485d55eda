import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { RandomAccess } from "../../internal/random-access.ts";
import { NinepHostFiles } from "../host-files.ts";
import { FolderTree } from "../share.node.ts";
import { headerSize, message, NinepWriter } from "./codec.ts";
import { errno } from "./errno.ts";
import { NinepServer } from "./server.ts";

let files: NinepHostFiles;
let server: NinepServer;

const content = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
const published: RandomAccess = {
  size: content.length,
  readAt: (offset, length) => content.subarray(offset, offset + length),
};

beforeEach(() => {
  files = new NinepHostFiles();
  files.publish("image", published);
  server = new NinepServer(files.root);
});

const request = (type: number, tag = 1): NinepWriter => new NinepWriter(type, tag);

/** The answer's type, tag and body; checks its size field. */
async function send(writer: NinepWriter): Promise<{ type: number; tag: number; body: DataView }> {
  return decode(await server.handle(writer.finish()));
}

function decode(bytes: Uint8Array): { type: number; tag: number; body: DataView } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(view.getUint32(0, true)).toBe(bytes.length);
  return {
    type: view.getUint8(4),
    tag: view.getUint16(5, true),
    body: new DataView(bytes.buffer, bytes.byteOffset + headerSize, bytes.byteLength - headerSize),
  };
}

async function refusal(writer: NinepWriter): Promise<number> {
  const { type, body } = await send(writer);
  expect(type).toBe(message.lerror);
  return body.getUint32(0, true);
}

async function accepted(writer: NinepWriter): Promise<DataView> {
  const { type, body } = await send(writer);
  expect(type === message.lerror ? `error ${body.getUint32(0, true)}` : "accepted").toBe("accepted");
  return body;
}

const walk = (from: number, to: number, ...names: string[]): NinepWriter => {
  const writer = request(message.walk).uint32(from).uint32(to).uint16(names.length);
  for (const name of names) writer.string(name);
  return writer;
};
const attach = (fid: number): NinepWriter =>
  request(message.attach).uint32(fid).uint32(0xffffffff).string("root").string("").uint32(0);
const open = (fid: number, flags = 0): NinepWriter => request(message.lopen).uint32(fid).uint32(flags);
const read = (fid: number, offset: number, count: number): NinepWriter =>
  request(message.read).uint32(fid).uint64(offset).uint32(count);
const version = (size: number, name = "9P2000.L"): NinepWriter => request(message.version).uint32(size).string(name);

describe("NinepServer", () => {
  test("agrees on the smaller message size, and on no other dialect", async () => {
    expect((await accepted(version(8192))).getUint32(0, true)).toBe(8192);
    expect((await accepted(version(1 << 24))).getUint32(0, true)).toBe(512_000);
    const body = await accepted(version(8192, "9P2000.u"));
    expect(new TextDecoder().decode(new Uint8Array(body.buffer, body.byteOffset + 6, 7))).toBe("unknown");
    expect(await refusal(version(10))).toBe(errno.EINVAL);
  });

  test("reads a published file at any place, short at its end", async () => {
    await accepted(version(65536));
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers", "image"));
    await accepted(open(2));
    const body = await accepted(read(2, 9990, 4096));
    expect(body.getUint32(0, true)).toBe(10);
    expect(new Uint8Array(body.buffer, body.byteOffset + 4, 10)).toEqual(content.slice(9990));
    expect((await accepted(read(2, 10_000, 4096))).getUint32(0, true)).toBe(0);
    expect((await accepted(read(2, 1e12, 4096))).getUint32(0, true)).toBe(0);
  });

  test("answers no more than the agreed message size", async () => {
    await accepted(version(4096));
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers", "image"));
    await accepted(open(2));
    expect((await accepted(read(2, 0, 0xffffffff))).byteLength).toBe(4096 - headerSize);
  });

  test("opens nothing published for writing, and changes nothing", async () => {
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers"));
    await accepted(walk(2, 3, "image"));
    expect(await refusal(open(3, 1))).toBe(errno.EROFS);
    expect(await refusal(request(message.lcreate).uint32(2).string("new").uint32(1).uint32(0o644).uint32(0))).toBe(
      errno.EROFS,
    );
    expect(await refusal(request(message.mkdir).uint32(2).string("new").uint32(0o755).uint32(0))).toBe(errno.EROFS);
    expect(await refusal(request(message.unlinkat).uint32(2).string("image").uint32(0))).toBe(errno.EROFS);
    expect(await refusal(request(message.renameat).uint32(2).string("image").uint32(2).string("b"))).toBe(errno.EROFS);
    await accepted(open(3));
    expect(await refusal(request(message.write).uint32(3).uint64(0).uint32(1).uint8(1))).toBe(errno.EBADF);
  });

  test("changes nothing of a folder that is shared read-only, not even through an open file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wherry-read-only-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "file"), "content", { mode: 0o640 });
    const before = statSync(join(folder, "file"));
    files.share("fixed", new FolderTree(folder, { readOnly: true }));
    const setattr = (valid: number) => {
      const writer = request(message.setattr).uint32(2).uint32(valid).uint32(0o4777).uint32(1).uint32(1).uint64(0);
      return writer.uint64(1).uint64(0).uint64(1).uint64(0);
    };
    await accepted(attach(1));
    await accepted(walk(1, 2, "shares", "fixed", "file"));
    const everyField = [1, 2, 4, 8, 16, 32, 0x1ff];
    for (const valid of everyField) expect(await refusal(setattr(valid))).toBe(errno.EROFS);
    await accepted(open(2));
    for (const valid of everyField) expect(await refusal(setattr(valid))).toBe(errno.EROFS);
    expect(await refusal(request(message.write).uint32(2).uint64(0).uint32(1).uint8(1))).toBe(errno.EROFS);
    const { mode, uid, gid, mtimeMs, ctimeMs } = statSync(join(folder, "file"));
    expect({ mode, uid, gid, mtimeMs, ctimeMs }).toEqual({
      mode: before.mode,
      uid: before.uid,
      gid: before.gid,
      mtimeMs: before.mtimeMs,
      ctimeMs: before.ctimeMs,
    });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("content");
  });

  test("withdraw() fails open handles and later walks", async () => {
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers", "image"));
    await accepted(open(2));
    files.withdraw("image");
    expect(await refusal(read(2, 0, 10))).toBe(errno.ESTALE);
    await accepted(walk(1, 3, "layers"));
    expect(await refusal(walk(3, 4, "image"))).toBe(errno.ENOENT);
  });

  test("a walk that fails half-way says how far it came and makes no fid", async () => {
    await accepted(attach(1));
    expect((await accepted(walk(1, 2, "layers", "absent"))).getUint16(0, true)).toBe(1);
    expect(await refusal(open(2))).toBe(errno.EBADF);
  });

  test.each(["..", ".", "", "a/b", "/", "a\0b"])("refuses the name %j", async (name) => {
    await accepted(attach(1));
    expect(await refusal(walk(1, 2, name))).toBe(errno.EINVAL);
  });

  test("refuses names that are not UTF-8, fids that are unknown or in use, and message types it has not", async () => {
    await accepted(attach(1));
    expect(await refusal(request(message.walk).uint32(1).uint32(2).uint16(1).uint16(1).uint8(0xff))).toBe(errno.EILSEQ);
    expect(await refusal(attach(1))).toBe(errno.EBADF);
    expect(await refusal(open(99))).toBe(errno.EBADF);
    expect(await refusal(request(message.auth).uint32(1))).toBe(errno.EOPNOTSUPP);
    expect(await refusal(request(message.xattrwalk).uint32(1).uint32(2).string("a"))).toBe(errno.EOPNOTSUPP);
    expect(await refusal(request(message.mknod).uint32(1))).toBe(errno.EPERM);
    expect(await refusal(walk(1, 2, ...Array.from({ length: 17 }, () => "a")))).toBe(errno.EINVAL);
  });

  test("gives out a bounded number of fids", async () => {
    await accepted(attach(0));
    let last = 0;
    for (let fid = 1; fid <= 1 << 16 && last === 0; fid += 1) {
      const { type, body } = decode(server.handle(walk(0, fid).finish()) as Uint8Array);
      if (type === message.lerror) last = body.getUint32(0, true);
    }
    expect(last).toBe(errno.ENFILE);
  });

  test("holds a bounded number of listings for those who open directories and go through none", async () => {
    for (let each = 0; each < 1 << 15; each += 1) files.publish(`file-${each}`, published);
    await accepted(attach(0));
    const list = async (fid: number): Promise<number> => {
      await accepted(walk(0, fid, "layers"));
      await accepted(open(fid));
      const { type, body } = await send(request(message.readdir).uint32(fid).uint64(0).uint32(100));
      return type === message.lerror ? body.getUint32(0, true) : 0;
    };
    let fid = 1;
    while (fid < 100 && (await list(fid)) === 0) fid += 1;
    expect(fid).toBe(32);
    expect(await refusal(request(message.readdir).uint32(fid).uint64(0).uint32(100))).toBe(errno.ENFILE);
    await accepted(request(message.clunk).uint32(1));
    await accepted(request(message.readdir).uint32(fid).uint64(0).uint32(100));
  });

  test("lists a directory in pieces of any size, each entry once", async () => {
    for (let each = 0; each < 300; each += 1) files.publish(`file-${each}`, published);
    await accepted(version(8192));
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers"));
    await accepted(open(2));
    const names: string[] = [];
    for (let offset = 0n; ; ) {
      const body = await accepted(request(message.readdir).uint32(2).uint64(offset).uint32(700));
      const end = 4 + body.getUint32(0, true);
      if (end === 4) break;
      for (let at = 4; at < end; ) {
        const length = body.getUint16(at + 22, true);
        offset = body.getBigUint64(at + 13, true);
        names.push(new TextDecoder().decode(new Uint8Array(body.buffer, body.byteOffset + at + 24, length)));
        at += 24 + length;
      }
    }
    expect(names.length).toBe(303);
    expect(new Set(names).size).toBe(303);
  });

  test("answers in the tag's name when the file answers later, and a flush after that", async () => {
    let answer: (bytes: Uint8Array) => void = () => {};
    files.publish("slow", { size: 4, readAt: () => new Promise((resolve) => (answer = resolve)) });
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers", "slow"));
    await accepted(open(2));
    const order: string[] = [];
    const slow = Promise.resolve(server.handle(request(message.read, 7).uint32(2).uint64(0).uint32(4).finish()));
    const flush = Promise.resolve(server.handle(request(message.flush, 8).uint16(7).finish()));
    void slow.then(() => order.push("read"));
    void flush.then(() => order.push("flush"));
    answer(Uint8Array.of(1, 2, 3, 4));
    expect(decode(await slow).tag).toBe(7);
    expect(decode(await flush)).toMatchObject({ type: message.flush + 1, tag: 8 });
    expect(order).toEqual(["read", "flush"]);
    expect(decode(await server.handle(request(message.flush, 9).uint16(7).finish())).type).toBe(message.flush + 1);
  });

  test("a file that fails is an I/O error", async () => {
    files.publish("bad", { size: 4, readAt: () => Promise.reject(new Error("the disk is gone")) });
    await accepted(attach(1));
    await accepted(walk(1, 2, "layers", "bad"));
    await accepted(open(2));
    expect(await refusal(read(2, 0, 4))).toBe(errno.EIO);
  });

  test("a message grows with whatever is written to it", () => {
    const writer = request(message.walk);
    for (let each = 0; each < 100; each += 1) writer.uint8(1).uint16(2).uint32(3).uint64(4n);
    const view = new DataView(writer.finish().buffer);
    for (let at = headerSize; at < headerSize + 1500; at += 15) {
      const read = [view.getUint8(at), view.getUint16(at + 1, true), view.getUint32(at + 3, true)];
      expect([...read, view.getBigUint64(at + 7, true)]).toEqual([1, 2, 3, 4n]);
    }
  });

  test("answers any bytes with a message and never throws", async () => {
    let seed = 42;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const types = Object.values(message);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Uint8Array.from({ length: random(60) }, () => (random(3) === 0 ? random(256) : random(4)));
      if (bytes.length > 4) bytes[4] = types[random(types.length)] ?? 0;
      const answer = await server.handle(bytes);
      expect(answer.length).toBeGreaterThanOrEqual(headerSize);
    }
  });
});

describe("NinepHostFiles", () => {
  test("publish() again is fine for the same content, and refused for another size or a bad name", () => {
    files.publish("image", published);
    expect(() => files.publish("image", { ...published, size: 1 })).toThrow("other content");
    for (const name of ["", "..", "a/b", "a\0"])
      expect(() => files.publish(name, published)).toThrow("Not a file name");
  });
});
