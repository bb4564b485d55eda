import { readFile } from "node:fs/promises";
import { guestSuite } from "./guest.suite.ts";
import { compileRelay, startNativeAgent } from "./native-agent.node.ts";

guestSuite(
  "AgentClient with the agent as a process of this machine",
  async () => {
    const agent = await startNativeAgent();
    const relay = await readFile(await compileRelay());
    return { guest: agent.client, relay, folder: agent.folder, close: () => agent.close() };
  },
  { bulk: 50 << 20 },
);
