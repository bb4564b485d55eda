import { createHash, randomBytes } from "node:crypto";
import { constants, deflateRawSync, gzipSync, type ZlibOptions } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decompress, decompressed, detectCompression } from "./compression.ts";

/** Made by `zstd -19 --check` from the text below; no encoder is at hand on every machine. */
const zstdText = "hello hello hello hello hello zstandard\n";
const zstdFrame = Buffer.from("KLUv/QRotQAAgGhlbGxvIHpzdGFuZGFyZAoBAAFLEeh3QtY=", "base64");

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.subarray(at, at + size));
}

async function decode(bytes: Uint8Array, size = 65536, limits: { maxBytes?: number; maxRatio?: number } = {}) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress(pieces(bytes, size), { maxBytes: 1 << 30, ...limits })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes with every kind of content a block can have: text, runs, noise, long repeats. */
function sample(size: number, seed: number): Buffer {
  const parts: Buffer[] = [];
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 8;
  };
  let total = 0;
  while (total < size) {
    const kind = next() % 4;
    const length = 1 + (next() % 70000);
    const part =
      kind === 0
        ? Buffer.alloc(length, next() & 255)
        : kind === 1
          ? randomBytes(length)
          : kind === 2
            ? Buffer.from(Array.from({ length }, () => 97 + (next() % 7)))
            : Buffer.concat([parts[next() % Math.max(parts.length, 1)] ?? Buffer.from("x")]);
    parts.push(part);
    total += part.length;
  }
  return Buffer.concat(parts).subarray(0, size);
}

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("gzip", () => {
  const options: readonly (readonly [string, ZlibOptions])[] = [
    ["stored blocks", { level: 0 }],
    ["fastest", { level: 1 }],
    ["best", { level: 9 }],
    ["fixed codes", { strategy: constants.Z_FIXED }],
    ["huffman only", { strategy: constants.Z_HUFFMAN_ONLY }],
    ["runs", { strategy: constants.Z_RLE }],
    ["small window", { windowBits: 9, memLevel: 1 }],
  ];
  it.each(options)("decompress() gives back what zlib wrote with %s", async (_name, zlib) => {
    for (const [index, size] of [0, 1, 300, 70_000, 3_000_000].entries()) {
      const bytes = sample(size, 77 + index);
      const compressed = gzipSync(bytes, zlib);
      for (const piece of size > 100_000 ? [977, 65536] : [1, 7, 65536]) {
        expect(sha(await decode(compressed, piece))).toBe(sha(bytes));
      }
    }
  });

  it("decompress() joins members, wherever the pieces break", async () => {
    const parts = [sample(5000, 1), Buffer.alloc(0), sample(100_000, 2), sample(3, 3)];
    const compressed = Buffer.concat(parts.map((part) => gzipSync(part)));
    for (const piece of [1, 3, 10, 18, 4096, 1 << 20]) {
      expect((await decode(compressed, piece)).equals(Buffer.concat(parts))).toBe(true);
    }
  });

  it("decompress() refuses what is no member behind one", async () => {
    const member = gzipSync("content");
    await expect(decode(Buffer.concat([member, Buffer.from("junkjunkjunkjunkjunk")]))).rejects.toThrow("gzip: ");
  });

  it("decompress() refuses a stream that ends within its content", async () => {
    const compressed = gzipSync(sample(900, 5));
    for (let end = 11; end < compressed.length - 8; end++) {
      await expect(decode(compressed.subarray(0, end), 64), `cut at ${end}`).rejects.toMatchObject({
        name: "InvalidParameter",
        message: "unexpected EOF",
      });
    }
  });

  it("decompress() reads headers with name, comment, extra field and header checksum", async () => {
    const body = deflateRawSync("content");
    const trailer = gzipSync("content").subarray(-8);
    const header = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3]),
      Buffer.from([3, 0, 1, 2, 3]),
      Buffer.from("name\0comment\0"),
      Buffer.from([9, 9]),
    ]);
    for (const piece of [1, 5, 100]) {
      expect((await decode(Buffer.concat([header, body, trailer]), piece)).toString()).toBe("content");
    }
  });

  it("decompress() either decodes or refuses corrupted streams, and never hangs", async () => {
    const original = gzipSync(sample(40_000, 9));
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const broken = Buffer.from(original);
      const at = 10 + ((round * 7919) % (broken.length - 10));
      broken.writeUInt8(broken.readUInt8(at) ^ (1 << (round % 8)), at);
      await decode(broken).catch((error: Error) => {
        expect(error.name).toBe("InvalidParameter");
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe("gzip by the environment's own decoder", () => {
  const native = async (bytes: Uint8Array, maxBytes = 1 << 30) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of decompress(pieces(bytes, 5000), { maxBytes, native: true })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it("decompress() gives back what zlib wrote", async () => {
    const bytes = sample(2_000_000, 3);
    expect(sha(await native(gzipSync(bytes)))).toBe(sha(bytes));
  });

  it("decompress() refuses streams that end early or are corrupt", async () => {
    const compressed = gzipSync(sample(100_000, 4));
    await expect(native(compressed.subarray(0, 50_000))).rejects.toMatchObject({ name: "InvalidParameter" });
    compressed.fill(0xff, 20_000, 30_000);
    await expect(native(compressed)).rejects.toMatchObject({ name: "InvalidParameter" });
  });

  it("decompress() stops at its bound, and hands on what the source throws", async () => {
    await expect(native(gzipSync(Buffer.alloc(1_000_000)), 999_999)).rejects.toThrow("too large");
    async function* broken() {
      yield Uint8Array.from(gzipSync(sample(50_000, 5)).subarray(0, 10_000));
      throw new Error("connection reset");
    }
    const run = async () => {
      for await (const _ of decompress(broken(), { maxBytes: 1 << 30, native: true }));
    };
    await expect(run()).rejects.toThrow("connection reset");
  });
});

describe("zstd", () => {
  it("decompress() decodes frames in a row and skippable frames", async () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    for (const piece of [1, 5, 1000]) {
      const bytes = Buffer.concat([skippable, zstdFrame, skippable, zstdFrame]);
      expect((await decode(bytes, piece)).toString()).toBe(zstdText + zstdText);
    }
  });

  it("decompress() refuses a stream that ends early", async () => {
    for (let end = 10; end < zstdFrame.length; end++) {
      await expect(decode(zstdFrame.subarray(0, end)), `cut at ${end}`).rejects.toThrow("unexpected EOF");
    }
  });

  it("decompress() refuses a window that would take too much memory", async () => {
    const huge = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 1, 0, 0, 0, 0, 0]);
    await expect(decode(huge)).rejects.toThrow("zstd: window size exceeded");
    const single = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
    await expect(decode(single)).rejects.toThrow("zstd: window size exceeded");
  });

  it("decompress() refuses junk behind a frame", async () => {
    await expect(decode(Buffer.concat([zstdFrame, Buffer.from("junkjunkjunkjunkjunk")]))).rejects.toThrow("zstd:");
  });
});

describe("bounds", () => {
  it("decompress() stops at the number of bytes it was given", async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    await expect(decode(bomb, 65536, { maxBytes: 999_999 })).rejects.toThrow("too large");
    expect((await decode(bomb, 65536, { maxBytes: 1_000_000 })).length).toBe(1_000_000);
    await expect(decode(Buffer.alloc(100), 10, { maxBytes: 99 })).rejects.toThrow("too large");
  });

  it("decompress() stops at the ratio it was given", async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000));
    await expect(decode(bomb, 4096, { maxRatio: 100 })).rejects.toThrow("decompression bomb");
  });

  it("decompress() passes plain bytes on, and an empty stream", async () => {
    expect((await decode(Buffer.from("plain"), 2)).toString()).toBe("plain");
    expect((await decode(Buffer.alloc(0))).length).toBe(0);
  });

  it("decompress() names formats it does not know", async () => {
    await expect(decode(Buffer.from("BZh91AY&SY...."))).rejects.toThrow("got bzip2");
  });

  it.each([true, false])("decompress() gives up on a bomb though its source stalls (native: %s)", async (native) => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Uint8Array.from(bomb.subarray(0, 900))),
      pull: () => new Promise(() => undefined),
      cancel: () => {
        cancelled = true;
      },
    });
    const run = async () => {
      for await (const _ of decompress(source, { maxBytes: 100_000, native }));
    };
    await expect(run()).rejects.toThrow("too large");
    expect(cancelled).toBe(true);
  });

  it("decompress() stops on abort and cancels the source", async () => {
    const abort = new AbortController();
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(100)),
      cancel: () => {
        cancelled = true;
      },
    });
    const run = async () => {
      let seen = 0;
      for await (const chunk of decompress(source, { maxBytes: 1 << 30, signal: abort.signal })) {
        seen += chunk.length;
        if (seen > 1000) abort.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toThrow("enough");
    expect(cancelled).toBe(true);
  });

  it("decompressed() is the same as a stream", async () => {
    const source = new Response(gzipSync("content")).body as ReadableStream<Uint8Array>;
    expect(await new Response(decompressed(source, { maxBytes: 100 })).text()).toBe("content");
  });
});

it("detectCompression() tells by the first bytes", () => {
  expect(detectCompression(gzipSync("x"))).toBe("gzip");
  expect(detectCompression(zstdFrame)).toBe("zstd");
  expect(detectCompression(new Uint8Array(3))).toBe("none");
});
