import { FakeRuntime } from "./fake-runtime.ts";
import { runtimeSuite } from "./runtime.suite.ts";

runtimeSuite("fake", async () => ({ runtime: new FakeRuntime(), rootfs: async () => [] }));
