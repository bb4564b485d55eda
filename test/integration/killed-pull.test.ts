import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ImageEngine, openImageEngine } from "../support/image-engine.node.ts";
import { buildImage, digestOf, pushImage, type RealRegistry, startRegistry } from "../support/registry.node.ts";

const noise = (seed: string) => createHash("shake256", { outputLength: 1_500_000 }).update(seed).digest();
const image = buildImage({ layers: ["a", "b", "c", "d"].map((seed) => ({ [seed]: noise(seed) })) });

let registry: RealRegistry;
let root: string;
beforeAll(async () => {
  registry = await startRegistry();
  await pushImage(registry.host, "app:1", image);
  root = await mkdtemp(join(tmpdir(), "wherry-killed-"));
});
afterAll(async () => {
  await registry.stop();
  await rm(root, { recursive: true, force: true });
});

/** Pulls in a process of its own, and kills it at the `count`th progress message. Answers whether it came to its end before. */
async function pullKilledAt(count: number): Promise<boolean> {
  const module = join(import.meta.dirname, "../support/image-engine.node.ts");
  const script = `
    import { runnerImport } from "vite";
    const { module } = await runnerImport(${JSON.stringify(module)});
    const engine = await module.openImageEngine(${JSON.stringify(root)});
    await engine.pull(${JSON.stringify(`${registry.host}/app:1`)}, (status) => console.log(status));
    console.log("done");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === count) child.kill("SIGKILL");
  }
  return lines.includes("done");
}

/** Every image that is visible is whole, and nothing else is stored. */
async function checkWhole(engine: ImageEngine): Promise<number> {
  const images = engine.store.all();
  const wanted = images.length === 0 ? [] : [image.manifest, image.config, ...image.layers].map(({ digest }) => digest);
  const stored = await engine.content.list();
  expect(stored.map(({ digest }) => digest).sort()).toEqual([...wanted].sort());
  for (const { digest } of stored) expect(digestOf(await engine.content.read(digest))).toBe(digest);
  expect([...(await engine.layers.list())].sort()).toEqual(images.length === 0 ? [] : [...image.diffIds].sort());
  expect(await readdir(join(root, "content/tmp"))).toEqual([]);
  return images.length;
}

test("a process that is killed at any point of a pull leaves a whole image or none", async () => {
  let images = 0;
  for (const count of [1, 2, 6, 9, 12, 15, 18, 22, 26, 30]) {
    const done = await pullKilledAt(count);
    const engine = await openImageEngine(root);
    images = await checkWhole(engine);
    if (done) expect(images).toBe(1);
    for (const { id } of engine.store.all()) await engine.store.remove(id);
    await engine.close();
  }
  const engine = await openImageEngine(root);
  await engine.pull(`${registry.host}/app:1`);
  expect(await checkWhole(engine)).toBe(1);
  await engine.close();
});
