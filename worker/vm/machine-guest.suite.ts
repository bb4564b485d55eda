import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RandomAccess } from "../internal/random-access.ts";
import { AgentClient, hostFiles } from "../shim/agent-client.ts";
import type { Machine } from "./machine.ts";
import { FolderTree } from "./share.node.ts";

export interface MachineWithGuest {
  /** One that is off. */
  readonly machine: Machine;
  /** An EROFS image with one file, `hello`, that holds `image\n`. */
  readonly image: RandomAccess;
}

/** What the guest of every Machine finds, whatever emulates it. The guest runs the real agent. */
export function machineGuestSuite(name: string, make: () => Promise<MachineWithGuest>): void {
  describe(`the guest of a ${name}`, () => {
    let machine: Machine;
    let image: RandomAccess;
    let guest: AgentClient;
    let folder: string;

    beforeAll(async () => {
      ({ machine, image } = await make());
      folder = mkdtempSync(join(tmpdir(), "wherry-machine-"));
      await machine.start();
      guest = await connectTo(machine);
    });

    afterAll(async () => {
      await machine?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    async function output(...argv: string[]): Promise<string> {
      const child = await guest.spawn({ argv, stdout: true });
      const text = await new Response(child.stdout as ReadableStream<Uint8Array<ArrayBuffer>>).text();
      const { code } = await child.exited;
      return code === 0 ? text : `exit ${code}: ${text}`;
    }

    test("the guest's clock is right after the handshake", async () => {
      const before = Math.floor(Date.now() / 1000);
      const seconds = Number(await output("/bin/busybox", "date", "+%s"));
      expect(seconds).toBeGreaterThanOrEqual(before);
      expect(seconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    });

    test("the guest's clock can be set", async () => {
      const next = Math.floor(Date.now() / 1000) + 86_400;
      await guest.setTime(new Date(next * 1000));
      expect(Number(await output("/bin/busybox", "date", "+%s"))).toBeGreaterThanOrEqual(next);
      await guest.setTime(new Date());
      expect(Number(await output("/bin/busybox", "date", "+%s"))).toBeLessThan(next);
    });

    test("the guest's timers run", async () => {
      expect(await output("/bin/busybox", "sleep", "0.05")).toBe("");
    });

    test("a published image can be mounted, and its files read", async () => {
      machine.files.publish("image", image);
      await guest.run([
        { op: "mkdir", path: "/run/image", mode: 0o755 },
        { op: "mount", source: "/run/wherry/host/layers/image", target: "/run/image", type: "erofs", options: ["ro"] },
      ]);
      expect(await output("/bin/busybox", "cat", "/run/image/hello")).toBe("image\n");
    });

    test("a withdrawn file is not there any more", async () => {
      machine.files.publish("other", image);
      expect(await guest.readDir("/run/wherry/host/layers")).toContain("other");
      machine.files.withdraw("other");
      expect(await guest.readDir("/run/wherry/host/layers")).not.toContain("other");
    });

    test("a shared folder is the host's, both ways", async () => {
      machine.files.share("work", new FolderTree(folder));
      writeFileSync(join(folder, "from-host"), "host");
      expect(new TextDecoder().decode(await guest.readFile("/run/wherry/host/shares/work/from-host"))).toBe("host");
      const bytes = new TextEncoder().encode("guest");
      await guest.run([{ op: "write", path: "/run/wherry/host/shares/work/from-guest", bytes, mode: 0o644 }]);
      expect(readFileSync(join(folder, "from-guest"), "utf8")).toBe("guest");
    });

    test("the port carries megabytes both ways at once", async () => {
      const child = await guest.spawn({ argv: ["/bin/busybox", "cat"], stdin: true, stdout: true });
      const sent = Uint8Array.from({ length: 4 << 20 }, (_, at) => (at * 7 + (at >> 12)) & 255);
      const writer = child.stdin?.getWriter();
      const writing = writer?.write(sent).then(() => writer.close());
      const got = await new Response(child.stdout as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
      await writing;
      expect(Buffer.compare(got, sent)).toBe(0);
      expect((await child.exited).code).toBe(0);
    });

    test("a kernel that panics ends it with its last words, and the next has nothing of it", async () => {
      let reason = "";
      let printed = "";
      const listening = machine.onExit((exit) => {
        reason = exit.reason;
      });
      const reading = machine.onConsole((text) => {
        printed += text;
      });
      await guest.run([{ op: "write", path: "/tmp/former", bytes: Uint8Array.of(1), mode: 0o644 }]);
      void panic(guest);
      await expect.poll(() => reason, { timeout: 20_000 }).toMatch(/^Kernel panic/);
      expect(printed).toContain("Kernel panic");
      listening.dispose();
      reading.dispose();

      guest.disconnect("the guest is gone");
      await machine.start();
      guest = await connectTo(machine);
      expect(await guest.readDir("/tmp")).not.toContain("former");
      expect(await guest.readDir("/run/wherry/host/layers")).toEqual(["image"]);
    });
  });
}

async function connectTo(machine: Machine): Promise<AgentClient> {
  const client = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
  await client.connect();
  return client;
}

async function panic(guest: AgentClient): Promise<void> {
  await guest
    .run([{ op: "write", path: "/proc/sysrq-trigger", bytes: new TextEncoder().encode("c"), mode: 0o644 }])
    .catch(() => undefined);
}

/** Has the kernel of a machine with the real agent panic; it answers nothing any more. */
export async function crashGuest(machine: Machine): Promise<void> {
  void panic(await connectTo(machine));
}
