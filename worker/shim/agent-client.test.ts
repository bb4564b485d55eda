import { guestSuite } from "./guest.suite.ts";
import { startNativeAgent } from "./native-agent.node.ts";

guestSuite(
  "AgentClient with the agent as a process of this machine",
  async () => {
    const agent = await startNativeAgent();
    return { guest: agent.client, folder: agent.folder, close: () => agent.close() };
  },
  { bulk: 50 << 20 },
);
