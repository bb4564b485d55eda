import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RandomAccess } from "../../worker/internal/random-access.ts";
import { AgentClient, hostFiles } from "../../worker/shim/agent-client.ts";
import { compileProgram } from "../../worker/shim/native-agent.node.ts";
import { PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import { layerOfFolder } from "../../worker/snapshots/folder-layer.node.ts";
import { openGuestFolder } from "../../worker/vm/guest-files.node.ts";
import { FolderTree } from "../../worker/vm/share.node.ts";
import { V86Machine } from "../../worker/vm/v86.ts";

/** What the guest's kernel makes of files that are read and written over 9p: layers, through EROFS, and shared folders. */

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../dist/guest", import.meta.url));
const page = 4096;
/** Linux reads this much ahead. */
const readAhead = 128 * 1024;

/** Around what a page, a request without copying (1 KiB), a read-ahead and a message hold. */
const sizes = [0, 1, 1023, 1024, 1025, page - 1, page, page + 1, 3 * page + 7, readAhead - 1, readAhead + 1, 1_500_001];

/** What random-io-test.c expects a file to hold. */
const pattern = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 24) ^ (at >>> 12));

let folder: string;
let machine: V86Machine;
let guest: AgentClient;
let layer: CountedFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherry-host-files-"));
  for (const size of sizes) await writeFile(join(folder, `file-${size}`), pattern(size));
  layer = new CountedFile(await layerOfFolder(folder));
  const program = await compileProgram("random-io", ["linux/random-io-test.c"]);
  machine = new V86Machine((await openGuestFolder(builtGuest, PROTOCOL_VERSION)).components, { id: "test" });
  await machine.start();
  guest = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
  await guest.connect();
  machine.files.publish("layer", layer);
  machine.files.publish("plain", {
    size: 1_500_001,
    readAt: (offset, length) => plain.subarray(offset, offset + length),
  });
  machine.files.share("work", new FolderTree(folder));
  await guest.run([
    { op: "write", path: "/tmp/random-io", bytes: await readFile(program), mode: 0o755 },
    { op: "mkdir", path: "/run/layer", mode: 0o755 },
    { op: "mount", source: `${published}/layer`, target: "/run/layer", type: "erofs", options: ["ro"] },
  ]);
});
afterAll(async () => {
  await machine?.stop();
  await rm(folder, { recursive: true, force: true });
});

const plain = pattern(1_500_001);
const published = "/run/wherry/host/layers";
const shared = "/run/wherry/host/shares/work";

/** Counts what is asked of it, and can be made to fail or to wait. */
class CountedFile implements RandomAccess {
  readonly size: number;
  readonly #file: RandomAccess;
  reads = 0;
  before: () => Promise<void> | undefined = () => undefined;

  constructor(file: RandomAccess) {
    this.#file = file;
    this.size = file.size;
  }

  readAt(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.reads += 1;
    const waited = this.before();
    return waited ? waited.then(() => this.#file.readAt(offset, length)) : this.#file.readAt(offset, length);
  }
}

async function output(...argv: string[]): Promise<{ code: number; stdout: Uint8Array; stderr: string }> {
  const child = await guest.spawn({ argv, stdout: true, stderr: true });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout as ReadableStream<Uint8Array<ArrayBuffer>>).bytes(),
    new Response(child.stderr as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
  ]);
  return { code: (await child.exited).code ?? -1, stdout, stderr };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function forgetCaches(): Promise<void> {
  const bytes = new TextEncoder().encode("3");
  await guest.run([{ op: "write", path: "/proc/sys/vm/drop_caches", bytes, mode: 0o644 }]);
}

describe("a file of a layer", () => {
  // First, for a guest whose memory was never used hands out pages that are no neighbours: Linux would ask for each alone.
  it("is brought by one request for each piece that Linux reads ahead", async () => {
    await output("/bin/busybox", "stat", "/run/layer/file-1500001");
    const before = layer.reads;
    const { stdout } = await output("/bin/busybox", "cat", "/run/layer/file-1500001");
    expect(stdout).toHaveLength(1_500_001);
    // The first pieces are smaller.
    expect(layer.reads - before).toBeLessThan(1_500_001 / readAhead + 8);
  });

  it("is what the layer holds, whatever its size", async () => {
    const { stdout } = await output("/bin/busybox", "sha256sum", ...sizes.map((size) => `/run/layer/file-${size}`));
    const hashes = sizes.map((size) => createHash("sha256").update(pattern(size)).digest("hex"));
    expect(text(stdout).split("\n").slice(0, -1)).toEqual(
      sizes.map((size, index) => `${hashes[index]}  /run/layer/file-${size}`),
    );
  });

  it.each([1, 2, 3])("is right at every place, read and mapped (%i)", async (seed) => {
    await forgetCaches();
    for (const size of sizes)
      expect(await randomIo("read", `/run/layer/file-${size}`, seed, 20)).toMatchObject({ code: 0, stderr: "" });
  });

  it("fails where the store fails, and is read again when asked for again", async () => {
    await forgetCaches();
    await output("/bin/busybox", "stat", "/run/layer/file-1500001");
    layer.before = () => {
      throw new Error("the store fails");
    };
    const failed = await output("/bin/busybox", "cat", "/run/layer/file-1500001");
    expect(failed).toMatchObject({ code: 1, stderr: "cat: read error: Input/output error\n" });
    layer.before = () => undefined;
    const { stdout } = await output("/bin/busybox", "cat", "/run/layer/file-1500001");
    expect(Buffer.compare(stdout, plain)).toBe(0);
  });

  it("outlives a reader that is killed while it waits for the store", async () => {
    await forgetCaches();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      layer.before = () => {
        resolve();
        return answered;
      };
    });
    const child = await guest.spawn({ argv: ["/bin/busybox", "cat", "/run/layer/file-1500001"], stdout: false });
    await asked;
    await guest.kill(child.pid, 9);
    layer.before = () => undefined;
    answer();
    await child.exited;
    const { stdout } = await output("/bin/busybox", "cat", "/run/layer/file-1500001");
    expect(Buffer.compare(stdout, plain)).toBe(0);
  });
});

describe("a file that is read past the page cache", () => {
  it.each([`${published}/plain`, `${shared}/file-1500001`])("is right at every place: %s", async (path) => {
    for (const seed of [1, 2]) expect(await randomIo("read", path, seed, 60)).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("a file of a shared folder", () => {
  it.each([1, 2, 3, 4])("holds what was written, at every place and in every size (%i)", async (seed) => {
    const { code, stdout, stderr } = await randomIo("write", `${shared}/written-${seed}`, seed, 80);
    expect([code, stderr]).toEqual([0, ""]);
    expect(Buffer.compare(await readFile(join(folder, `written-${seed}`)), stdout)).toBe(0);
  });
});

it("gives the kernel nothing to complain of", async () => {
  const { code, stdout } = await output("/bin/busybox", "dmesg");
  expect(code).toBe(0);
  expect(text(stdout)).not.toMatch(/BUG|WARNING|Call Trace|bogus/);
});

function randomIo(what: "read" | "write", path: string, seed: number, count: number) {
  return output("/tmp/random-io", what, path, String(seed), String(count));
}
