import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RandomAccess } from "../internal/random-access.ts";
import { layerOfFolder } from "../snapshots/folder-layer.node.ts";
import { parseGuestManifest } from "./guest-manifest.ts";
import { machineSuite } from "./machine.suite.ts";
import { crashGuest, machineGuestSuite } from "./machine-guest.suite.ts";
import { openBuiltGuest } from "./v86/contract-guest.node.ts";
import { machineIdentity } from "./v86/identity.ts";
import { V86Machine } from "./v86.ts";

/** A layer image with the file `hello`. */
async function helloImage(): Promise<RandomAccess> {
  const folder = mkdtempSync(join(tmpdir(), "wherry-layer-"));
  writeFileSync(join(folder, "hello"), "image\n");
  const image = await layerOfFolder(folder);
  rmSync(folder, { recursive: true });
  return image;
}

machineSuite("V86Machine", async () => {
  const machine = new V86Machine((await openBuiltGuest()).components, { id: "test" });
  return { machine, crash: () => crashGuest(machine) };
});

machineGuestSuite("V86Machine", async () => {
  const { components } = await openBuiltGuest();
  return { machine: new V86Machine(components, { id: "test" }), image: await helloImage() };
});

describe("V86Machine", () => {
  test("start() rejects, and can be tried again, when the emulator cannot be had, or the snapshot cannot or is not one", async () => {
    const { components } = await openBuiltGuest();
    let give = (): Promise<ArrayBuffer> =>
      new Promise((_, reject) => setTimeout(() => reject(new Error("no network"))));
    let wasm: typeof components.wasm = () => Promise.reject(new Error("no emulator"));
    const machine = new V86Machine({ wasm: () => wasm(), snapshot: () => give() }, { id: "test" });
    await expect(machine.start()).rejects.toThrow("no emulator");
    wasm = components.wasm;
    await expect(machine.start()).rejects.toThrow("no network");
    give = async () => new ArrayBuffer(64);
    await expect(machine.start()).rejects.toThrow("Invalid header");
    give = async () => (await components.snapshot({})).slice(0, 1 << 20);
    await expect(machine.start()).rejects.toThrow();
    expect(machine.state).toBe("off");
    give = () => components.snapshot({});
    await machine.start();
    expect(machine.state).toBe("running");
    await machine.stop();
  });
});

describe("parseGuestManifest()", () => {
  const machine = { ...machineIdentity, protocol: 1 };
  const manifest = (changes: object) => JSON.stringify({ version: 1, files: {}, machine: { ...machine, ...changes } });

  test.each([
    ["v86", { v86: "0.5.463" }],
    ["machine layout", { layout: "other" }],
    ["memory", { memory: 1 << 20 }],
    ["command line", { commandLine: "quiet" }],
    ["agent protocol", { protocol: 2 }],
  ])("names the %s that a guest was built for, if it is another", (name, change) => {
    expect(parseGuestManifest(manifest({}), 1).machine).toEqual(machine);
    const [actual] = Object.values(change);
    expect(() => parseGuestManifest(manifest(change), 1)).toThrow(
      new RegExp(`^Cannot use the built guest: expected ${name} .*, got ${actual}$`),
    );
  });
});
