import { fileURLToPath } from "node:url";
import { AgentClient, hostFiles } from "../../worker/shim/agent-client.ts";
import { guestSuite } from "../../worker/shim/guest.suite.ts";
import { compileTestPrograms } from "../../worker/shim/native-agent.node.ts";
import { PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import { openGuestFolder } from "../../worker/vm/guest-files.node.ts";
import { V86Machine } from "../../worker/vm/v86.ts";

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../dist/guest", import.meta.url));

guestSuite(
  "AgentClient with the agent as PID 1 of the guest under v86",
  async () => {
    const built = await openGuestFolder(builtGuest, PROTOCOL_VERSION);
    const machine = new V86Machine(built.components, { id: "test" });
    await machine.start();
    const guest = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
    machine.onExit(({ reason }) => guest.disconnect(reason));
    await guest.connect();
    const folder = "/root/test";
    await guest.run([{ op: "mkdir", path: folder, mode: 0o755, parents: true }]);
    return {
      guest,
      folder,
      programs: await compileTestPrograms(),
      close: async () => {
        await machine.stop();
        guest.disconnect("stopped");
      },
    };
  },
  { bulk: 8 << 20 },
);
