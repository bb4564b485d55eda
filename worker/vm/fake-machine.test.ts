import { FakeMachine } from "./fake-machine.ts";
import { machineSuite } from "./machine.suite.ts";

machineSuite("FakeMachine", async () => {
  const machine = new FakeMachine(() => ({
    queued: 0,
    send: () => undefined,
    onReceive: () => ({ dispose: () => undefined }),
  }));
  return { machine, crash: async () => machine.die("crashed") };
});
