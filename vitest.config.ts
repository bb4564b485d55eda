import { defineConfig } from "vitest/config";

/** What a test waits for comes soon on a quiet machine, and comes too on a busy one. */
const expectations = { poll: { timeout: 20_000 } };

/** Three projects: `unit` beside the code (and what is about all of it, in test), `integration` with real clients and servers, `browser` in Chromium. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{worker,web,kernel-image}/**/*.test.{ts,tsx,mjs}", "test/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/{integration,conformance}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: expectations,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: expectations,
          fileParallelism: false,
        },
      },
    ],
  },
});
