import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { install } from "./node-modules.mjs";

it("install() brings what a user's configuration leaves out", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "wherry-npm-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const names = ["tool", "binding"];
  for (const name of names) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "package.json"), JSON.stringify({ name, version: "1.0.0" }));
  }
  const wanted = { devDependencies: { tool: "file:tool" }, optionalDependencies: { binding: "file:binding" } };
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "app", version: "1.0.0", ...wanted }));
  execFileSync("npm", ["install", "--package-lock-only", "--offline", "--no-audit"], { cwd: folder, stdio: "ignore" });
  vi.stubEnv("NODE_ENV", "production");
  vi.stubEnv("npm_config_omit", "optional");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await install(folder);
  expect(names.filter((name) => existsSync(join(folder, "node_modules", name)))).toEqual(names);
});
