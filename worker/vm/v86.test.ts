import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MemoryFiles } from "../content/memory.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import { writeLayer } from "../snapshots/layer-writer.ts";
import { parseGuestManifest } from "./guest-manifest.ts";
import { machineSuite } from "./machine.suite.ts";
import { openBuiltGuest } from "./v86/contract-guest.node.ts";
import { machineLayout } from "./v86/emulator.ts";
import { V86Machine } from "./v86.ts";

/** A layer image with the file `hello`. */
async function helloImage(): Promise<RandomAccess> {
  const folder = mkdtempSync(join(tmpdir(), "wherry-layer-"));
  writeFileSync(join(folder, "hello"), "image\n");
  const tar = execFileSync("tar", ["-cf", "-", "-C", folder, "hello"]);
  rmSync(folder, { recursive: true });
  const files = new MemoryFiles();
  const writer = await files.create("image");
  await writeLayer(
    (async function* () {
      yield new Uint8Array(tar);
    })(),
    writer,
  );
  await writer.commit();
  const file = await files.open("image");
  if (!file) throw new Error("no image was written");
  return file;
}

machineSuite("V86Machine", async () => {
  const { components } = await openBuiltGuest();
  return { machine: new V86Machine(components, { id: "test" }), image: await helloImage() };
});

describe("V86Machine", () => {
  test("start() rejects, and can be tried again, when the snapshot is not one or cannot be had", async () => {
    const { components } = await openBuiltGuest();
    const good = components.image as { readonly snapshot: () => Promise<ArrayBuffer> };
    let give = (): Promise<ArrayBuffer> => Promise.reject(new Error("no network"));
    const machine = new V86Machine({ ...components, image: { snapshot: () => give() } }, { id: "test" });
    await expect(machine.start()).rejects.toThrow("no network");
    give = async () => new ArrayBuffer(64);
    await expect(machine.start()).rejects.toThrow("Invalid header");
    give = async () => (await good.snapshot()).slice(0, 1 << 20);
    await expect(machine.start()).rejects.toThrow();
    expect(machine.state).toBe("off");
    give = good.snapshot;
    await machine.start();
    expect(machine.state).toBe("running");
    await machine.stop();
  });

  test("start() can boot the kernel instead of a snapshot", async () => {
    const { wasm, boot } = await openBuiltGuest();
    const machine = new V86Machine({ wasm, image: { boot } }, { id: "test", memory: 128 << 20 });
    await machine.start();
    const first = await new Promise<Uint8Array>((resolve) => machine.port.onReceive(resolve));
    expect(first.length).toBeGreaterThan(0);
    await machine.stop();
  }, 120_000);
});

describe("parseGuestManifest()", () => {
  const machine = { layout: machineLayout, protocol: 1, memory: 1, commandLine: "" };
  const manifest = (changes: object) => JSON.stringify({ version: 1, files: {}, machine: { ...machine, ...changes } });

  test("names what a guest was built for, if that is something else", () => {
    expect(parseGuestManifest(manifest({}), 1).machine).toEqual(machine);
    expect(() => parseGuestManifest(manifest({ layout: "other" }), 1)).toThrow(/expected machine layout .*, got other/);
    expect(() => parseGuestManifest(manifest({ protocol: 2 }), 1)).toThrow("expected agent protocol 1, got 2");
  });
});
