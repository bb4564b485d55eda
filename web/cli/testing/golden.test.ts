import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { HttpEngineClient } from "../../client/http.node.ts";
import { docker } from "../docker.ts";
import { type Exchange, RecordingEngine, ReplayEngine } from "./cassette.ts";
import { type GoldenCase, goldenCases, goldenSetup } from "./golden-cases.ts";
import { MemoryContext } from "./memory-context.ts";

/*
 * The files in ../testdata hold what Docker's own command 28.2.2 printed on a real engine, and what that engine answered to
 * ours. To record them again, point GOLDEN_DOCKER_HOST at an engine that has an image busybox (and GOLDEN_DATA_ROOT and
 * GOLDEN_EXEC_ROOT at its folders, when those are not Docker's usual ones) and run this test: a difference is a failure and
 * is not recorded.
 */
interface Recording {
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Milliseconds since the epoch, at which the command ran. */
  readonly now: number;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly exchanges: readonly Exchange[];
}

const engineAddress = process.env.GOLDEN_DOCKER_HOST;
const fileOf = ({ name }: GoldenCase) => new URL(`../testdata/${name}.golden.json`, import.meta.url);

function realDocker(argv: readonly string[], stdin = "") {
  const env = { ...process.env, DOCKER_HOST: engineAddress ?? "", HOME: "/root", DOCKER_CONFIG: "/root/.docker" };
  const { status, stdout, stderr } = spawnSync("docker", argv, { input: stdin, env, encoding: "utf8" });
  return { exitCode: status ?? -1, stdout, stderr };
}

function contextOf({ argv, stdin }: GoldenCase): MemoryContext {
  return new MemoryContext(argv, stdin === undefined ? {} : { stdin });
}

afterEach(() => {
  vi.useRealTimers();
});

if (!engineAddress) {
  describe("docker prints what Docker's own command printed", () => {
    it.each(goldenCases.map((each) => [each.name, each] as const))("%s", async (_, golden) => {
      const recording = JSON.parse(readFileSync(fileOf(golden), "utf8")) as Recording;
      expect(recording.argv).toEqual(golden.argv);
      vi.useFakeTimers({ now: recording.now, toFake: ["Date"] });
      const engine = new ReplayEngine(recording.exchanges);
      const context = contextOf(golden);
      const exitCode = await docker(context, engine);
      expect(context.err).toBe(recording.stderr);
      expect(context.out).toBe(recording.stdout);
      expect(exitCode).toBe(recording.exitCode);
      expect(engine.unused).toEqual([]);
    });
  });
} else {
  describe("recording", () => {
    // A time such as "3 seconds ago" can pass between the two commands: then both are run again.
    const remove = () => {
      realDocker(["rm", "-fv", "golden-web", "golden-done", "golden-new", "golden-wide"]);
      realDocker(["volume", "rm", "golden-vol"]);
    };
    beforeAll(() => {
      remove();
      for (const argv of goldenSetup) realDocker(argv);
    });
    afterAll(remove);

    it.each(goldenCases.map((each) => [each.name, each] as const))("%s", { retry: 4 }, async (_, golden) => {
      const real = realDocker(golden.argv, golden.stdin);
      const engine = new RecordingEngine(new HttpEngineClient(engineAddress ?? ""));
      const context = contextOf(golden);
      const now = Date.now();
      vi.useFakeTimers({ now, toFake: ["Date"] });
      const exitCode = await docker(context, engine);
      vi.useRealTimers();
      const ours = { exitCode, stdout: context.out, stderr: context.err };
      expect(ours).toEqual(real);
      const recording: Recording = { ...golden, now, ...ours, exchanges: await engine.exchanges() };
      const root = process.env.GOLDEN_DATA_ROOT ?? "/var/lib/docker";
      const { name: _name, ...kept } = recording as Recording & GoldenCase;
      const execRoot = process.env.GOLDEN_EXEC_ROOT ?? "/var/run/docker";
      const text = JSON.stringify(kept, null, 2)
        .replaceAll(root, "/var/lib/docker")
        .replaceAll(execRoot, "/var/run/docker");
      writeFileSync(fileOf(golden), `${text}\n`);
    });
  });
}
