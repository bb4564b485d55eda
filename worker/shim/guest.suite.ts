import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isEngineError } from "../errdefs/errors.ts";
import type { Guest, GuestConnection } from "./guest.ts";
import { guestFileCases } from "./guest-files.suite.ts";
import { guestProcessCases } from "./guest-processes.suite.ts";
import { guestRuntimeCases } from "./guest-runtimes.suite.ts";
import { collect, equal, feed, type GuestUnderTest, noise, shell } from "./guest-under-test.suite.ts";

/** What every Guest does, checked against a real kernel. `bulk` is the number of bytes for tests of throughput. */
export function guestSuite(
  name: string,
  open: () => Promise<GuestUnderTest>,
  options: { readonly bulk: number },
): void {
  describe(name, () => {
    let under: GuestUnderTest;
    let guest: Guest;
    let folder: string;

    beforeAll(async () => {
      under = await open();
      guest = under.guest;
      folder = under.folder;
    }, 120_000);
    afterAll(() => under?.close());

    guestFileCases(() => under);
    guestProcessCases(() => under, options.bulk);
    guestRuntimeCases(() => under);

    describe("listeners", () => {
      it("accepts connections, says who they are, and relays both ways until each side has ended", async () => {
        const path = `${folder}/socket`;
        const connections: GuestConnection[] = [];
        const arrived = new Promise<GuestConnection>((resolve) => {
          void guest.listen(path, 0o600, (connection) => {
            connections.push(connection);
            resolve(connection);
          });
        });
        await guest.readDir(folder);
        const program = `${folder}/relay`;
        await guest.run([{ op: "write", path: program, bytes: under.programs.relay, mode: 0o755 }]);
        const client = await guest.spawn({ argv: [program, path], stdin: true, stdout: true });
        const connection = await arrived;
        expect(connection).toMatchObject({ pid: client.pid, uid: 0, gid: 0 });
        const bytes = noise(500_000);
        const relay = (async () => {
          const received = await collect(connection.readable);
          await feed(connection.writable, received);
        })();
        const [, echoed] = await Promise.all([feed(client.stdin, bytes), collect(client.stdout), relay]);
        expect(equal(echoed, bytes)).toBe(true);
        expect((await client.exited).code).toBe(0);
        expect(connections.length).toBe(1);
      });

      it("refuses connections after it was disposed", async () => {
        const path = `${folder}/closed`;
        const listener = await guest.listen(path, 0o600, () => undefined);
        listener.dispose();
        listener.dispose();
        await expect(guest.run([{ op: "remove", path }])).rejects.toMatchObject({ code: "ENOENT" });
      });
    });

    it("fails everything that waits when the guest is gone", async () => {
      const process = await shell(guest, "exec sleep 1000", { stdin: true, stdout: true });
      const reading = collect(process.stdout);
      const reasons: string[] = [];
      guest.onGone((reason) => reasons.push(reason));
      await guest.kill(process.pid, 9);
      await process.exited;
      await reading;
      const waiting = await shell(guest, "exec sleep 1000", { stdout: true });
      const failures = [waiting.exited, collect(waiting.stdout)].map((promise) =>
        promise.catch((error: unknown) => error),
      );
      await guest.kill(waiting.pid, 0);
      await under.close();
      for (const failure of await Promise.all(failures)) expect(isEngineError(failure, "Unavailable")).toBe(true);
      const late = await guest.readDir("/").catch((error: unknown) => error);
      expect(isEngineError(late, "Unavailable")).toBe(true);
      expect(reasons.length).toBe(1);
    });
  });
}
