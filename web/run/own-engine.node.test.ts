import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OwnEngine } from "./own-engine.node.ts";

test("an engine whose folder can't be made says why, and not that nobody answers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wherry-own-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  const engine = new OwnEngine({
    dataRoot: join(folder, "file", "wherry"),
    daemon: ["/bin/false"],
    idleTime: "1m",
    isLocked: async () => false,
  });
  const answer = engine.fetch(new Request("http://docker/_ping"));
  await expect(answer).rejects.toMatchObject({
    name: "CliError",
    message: expect.stringMatching(/^Cannot start Wherry's engine: ENOTDIR: /),
  });
});
