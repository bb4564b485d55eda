import { beforeAll, describe, expect, test } from "vitest";
import type { GuestFolder } from "../guest-files.node.ts";
import { GuestShell, loadEmulator, openBuiltGuest, shellBoot } from "./contract-guest.node.ts";
import { takeSnapshot } from "./snapshot.ts";

const memory = 128 << 20;
let guest: GuestFolder;
let wasm: WebAssembly.Module;

beforeAll(async () => {
  guest = await openBuiltGuest();
  wasm = await guest.wasm();
});

describe("takeSnapshot()", () => {
  test("keeps the guest as it was left, at rest", { timeout: 120_000 }, async () => {
    const boot = await shellBoot(guest);
    const quiesce = async (port: ConstructorParameters<typeof GuestShell>[0]): Promise<void> => {
      const shell = new GuestShell(port);
      await shell.ready();
      await shell.run("echo left > /tmp/left");
    };
    const state = await takeSnapshot({ wasm, boot, quiesce }, { memory });
    const { emulator } = await loadEmulator(wasm, memory);
    emulator.restore(state);
    expect(emulator.idle).toBe(true);
    emulator.run();
    expect(await new GuestShell(emulator.port).run("cat /tmp/left")).toBe("left");
    emulator.kill();
  });

  test("tells how the guest died, with its last words", { timeout: 120_000 }, async () => {
    const boot = await guest.boot();
    const commandLine = boot.commandLine.replace("rdinit=/init", "rdinit=/etc/passwd");
    const dying = takeSnapshot(
      { wasm, boot: { ...boot, commandLine }, quiesce: () => new Promise(() => {}) },
      { memory },
    );
    await expect(dying).rejects.toThrow("the guest died while it booted: Kernel panic");
    await expect(dying).rejects.toMatchObject({ name: "System" });
  });

  test.each(["while the emulator is loaded", "while the guest boots"])("is given up %s", async (when) => {
    const controller = new AbortController();
    const giveUp = () => controller.abort(new Error("enough"));
    const quiesce = (): Promise<void> => {
      giveUp();
      return new Promise(() => {});
    };
    const boot = await guest.boot();
    const taking = takeSnapshot({ wasm, boot, quiesce }, { memory, signal: controller.signal });
    if (when === "while the emulator is loaded") giveUp();
    await expect(taking).rejects.toThrow("enough");
  });
});
