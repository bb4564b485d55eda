import { EngineError } from "../errdefs/errors.ts";
import { concatBytes } from "../internal/bytes.ts";
import { type ContractCase, equal, rejects } from "../internal/contract.suite.ts";
import type { ChunkedFiles } from "./files.ts";

export interface ChunkedFilesFixture {
  readonly files: ChunkedFiles;
  /** What a new process finds in the same place, before it sweeps. Undefined for storage that does not last. */
  readonly reopen?: () => Promise<ChunkedFiles>;
}

const mebibyte = 1024 * 1024;

/** The contract of ChunkedFiles. */
export const chunkedFilesCases: readonly ContractCase<ChunkedFilesFixture>[] = [
  {
    name: "create() shows nothing before the commit, and all after it",
    async run({ files }) {
      const writer = await files.create("a/b");
      await writer.write(pattern(10));
      equal(await files.open("a/b"), undefined);
      equal(await files.list(""), []);
      equal(await writer.commit(), { name: "a/b", size: 10 });
      equal(await contents(files, "a/b"), pattern(10));
    },
  },
  {
    name: "abort() leaves nothing, and does nothing after a commit",
    async run({ files }) {
      const dropped = await files.create("a");
      await dropped.write(pattern(3 * mebibyte));
      await dropped.abort();
      await dropped.abort();
      equal(await files.list(""), []);
      const kept = await put(files, "b", pattern(5));
      await kept.abort();
      equal(await contents(files, "b"), pattern(5));
    },
  },
  {
    name: "write() refuses once the file was committed or aborted",
    async run({ files }) {
      const kept = await put(files, "a", pattern(5));
      await rejects(() => kept.write(pattern(1)), "System");
      await rejects(() => kept.commit(), "System");
      equal(await contents(files, "a"), pattern(5));
    },
  },
  {
    name: "write() copies: the caller may reuse its array",
    async run({ files }) {
      const writer = await files.create("a");
      const buffer = pattern(100);
      await writer.write(buffer);
      buffer.fill(0);
      await writer.commit();
      equal(await contents(files, "a"), pattern(100));
    },
  },
  ...[0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 17].map((size) => ({
    name: `readAt() and stream() give back ${size} bytes written in uneven pieces`,
    async run({ files }: ChunkedFilesFixture) {
      const whole = pattern(size);
      const writer = await files.create("a");
      const steps = [1, 70_000, 2 * mebibyte, 5, 0, 300_000];
      for (let at = 0, step = 0; at < size; step += 1) {
        const length = steps[step % steps.length] ?? 1;
        await writer.write(whole.subarray(at, at + length));
        at += length;
      }
      equal(await writer.commit(), { name: "a", size });
      equal(await contents(files, "a"), whole);
      const file = await opened(files, "a");
      equal(await collect(file.stream()), whole);
      equal(await collect(file.stream({ offset: Math.floor(size / 3) })), whole.subarray(Math.floor(size / 3)));
      equal(await file.readAt(size, 10), new Uint8Array(0));
      equal(await file.readAt(size + 5, 10), new Uint8Array(0));
      equal(await file.readAt(Math.max(0, size - 3), 10), whole.subarray(Math.max(0, size - 3)));
      equal(
        await file.readAt(Math.floor(size / 2), mebibyte),
        whole.slice(Math.floor(size / 2), Math.floor(size / 2) + mebibyte),
      );
      await file.close();
    },
  })),
  {
    name: "patch() overwrites in every place, and refuses what was not written",
    async run({ files }) {
      const whole = pattern(2 * mebibyte + 100);
      const writer = await files.create("a");
      await writer.write(whole);
      for (const [offset, length] of [
        [0, 8],
        [mebibyte - 4, 8],
        [2 * mebibyte - 1, 2],
        [2 * mebibyte + 90, 10],
      ] as const) {
        const patch = new Uint8Array(length).fill(0xee);
        await writer.patch(offset, patch);
        whole.set(patch, offset);
      }
      await rejects(() => writer.patch(2 * mebibyte + 95, new Uint8Array(6)), "InvalidParameter");
      await rejects(() => writer.patch(-1, new Uint8Array(1)), "InvalidParameter");
      await writer.write(pattern(10));
      await writer.commit();
      equal(await contents(files, "a"), Uint8Array.from([...whole, ...pattern(10)]));
    },
  },
  {
    name: "commit() replaces a file whole, and the last one wins",
    async run({ files }) {
      const [first, second] = [await files.create("a"), await files.create("a")];
      await first.write(pattern(2 * mebibyte));
      await second.write(pattern(7));
      await first.commit();
      equal((await files.list("a"))[0]?.size, 2 * mebibyte);
      await second.commit();
      equal(await contents(files, "a"), pattern(7));
      equal(await files.list(""), [{ name: "a", size: 7 }]);
    },
  },
  {
    name: "remove() removes, and is content when there is nothing",
    async run({ files }) {
      await put(files, "a/b", pattern(2));
      await put(files, "a", pattern(1));
      await files.remove("a");
      await files.remove("a");
      equal(await files.open("a"), undefined);
      equal(await contents(files, "a/b"), pattern(2));
    },
  },
  {
    name: "list() selects by prefix",
    async run({ files }) {
      for (const name of ["x/1", "x/2", "xy", "y/x/1"]) await put(files, name, pattern(name.length));
      const names = (await files.list("x/")).map((info) => info.name).sort();
      equal(names, ["x/1", "x/2"]);
      equal((await files.list("")).length, 4);
    },
  },
  {
    name: "names that climb or are strange are refused everywhere",
    async run({ files }) {
      for (const name of ["", "/a", "a/", "../a", "a/../b", "a//b", ".a", "a\\b", "a%b", "a\0b", "x".repeat(300)]) {
        await rejects(() => files.create(name), "InvalidParameter");
        await rejects(() => files.open(name), "InvalidParameter");
        await rejects(() => files.remove(name), "InvalidParameter");
      }
    },
  },
  {
    name: "stream() stops when its signal aborts",
    async run({ files }) {
      await put(files, "a", pattern(3 * mebibyte));
      const file = await opened(files, "a");
      const controller = new AbortController();
      const reader = file.stream({ signal: controller.signal }).getReader();
      await reader.read();
      controller.abort(new EngineError("Unavailable", "stopped"));
      await rejects(async () => {
        for (;;) if ((await reader.read()).done) return;
      }, "Unavailable");
      await file.close();
    },
  },
  {
    name: "a new process finds committed files alone, and sweep() frees the rest",
    lasting: true,
    async run({ files, reopen }) {
      if (!reopen) throw new Error("there is nothing to open again");
      await put(files, "kept", pattern(2 * mebibyte + 3));
      const half = await files.create("half");
      await half.write(pattern(2 * mebibyte));
      const again = await reopen();
      equal(await again.list(""), [{ name: "kept", size: 2 * mebibyte + 3 }]);
      await again.sweep();
      equal(await contents(again, "kept"), pattern(2 * mebibyte + 3));
      await put(again, "half", pattern(4));
      await half.abort();
      equal(await contents(again, "half"), pattern(4));
    },
  },
];

/** Bytes in which every place is told from its neighbours. */
export function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) * 7 + (index >> 16)) & 0xff);
}

async function put(files: ChunkedFiles, name: string, bytes: Uint8Array) {
  const writer = await files.create(name);
  await writer.write(bytes);
  await writer.commit();
  return writer;
}

async function opened(files: ChunkedFiles, name: string) {
  const file = await files.open(name);
  if (!file) throw new Error(`${name} is not there`);
  return file;
}

async function contents(files: ChunkedFiles, name: string): Promise<Uint8Array> {
  const file = await opened(files, name);
  const bytes = await file.readAt(0, file.size);
  await file.close();
  return bytes;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
  }
  return concatBytes(pieces);
}
