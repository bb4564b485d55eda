import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { CrunRuntime } from "../../worker/runtime/crun.ts";
import { runtimeSuite } from "../../worker/runtime/runtime.suite.ts";
import { AgentClient, hostFiles } from "../../worker/shim/agent-client.ts";
import { PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import { openGuestFolder } from "../../worker/vm/guest-files.node.ts";
import { V86Machine } from "../../worker/vm/v86.ts";

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../dist/guest", import.meta.url));
let machine: V86Machine | undefined;

afterAll(() => machine?.stop());

/** The containers' root filesystem is the guest's own: it has busybox and a passwd file. */
const ownRoot = [{ type: "none", source: "/", options: ["bind"] }];

runtimeSuite("crun in the guest under v86", async () => {
  const built = await openGuestFolder(builtGuest, PROTOCOL_VERSION);
  machine = new V86Machine(built.components, { id: "test" });
  await machine.start();
  const guest = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
  machine.onExit(({ reason }) => guest.disconnect(reason));
  await guest.connect();
  return { runtime: new CrunRuntime(guest), rootfs: async () => ownRoot };
});
