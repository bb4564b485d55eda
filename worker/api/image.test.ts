import { expect, it } from "vitest";
import { notFound } from "../errdefs/errors.ts";
import { ask, messageOf, routerWith } from "./fake-backends.ts";
import { progressBar } from "./progress.ts";
import { formatEvent } from "./system.ts";
import type { ImagePullOptions } from "./types/backend.ts";

it("a pull answers its progress line by line, with bars as text", async () => {
  const { router, calls } = routerWith({
    images: {
      pull: async ({ onProgress }: ImagePullOptions) => {
        onProgress({ status: "Pulling from library/busybox", id: "latest" });
        await Promise.resolve();
        onProgress({ status: "Downloading", id: "a1", progressDetail: { current: 1_108_000, total: 2_216_000 } });
      },
    },
  });
  const auth = btoa('{"username":"u","password":"p"}');
  const response = await ask(router, "POST /images/create?fromImage=busybox&tag=latest", undefined, {
    "X-Registry-Auth": auth,
  });
  expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "application/json"]);
  const bar = `[${"=".repeat(25)}>${" ".repeat(25)}]  1.108MB/2.216MB`;
  expect((await response.text()).split("\r\n").map((line) => (line ? JSON.parse(line) : line))).toEqual([
    { status: "Pulling from library/busybox", id: "latest" },
    { status: "Downloading", id: "a1", progressDetail: { current: 1_108_000, total: 2_216_000 }, progress: bar },
    "",
  ]);
  expect(calls[0]?.[1]).toMatchObject({ image: "busybox", tag: "latest", auth: { username: "u", password: "p" } });
});

it("an error before any progress has a status, one after it is the last line", async () => {
  const error = notFound("manifest for x:latest not found: manifest unknown: manifest unknown");
  const early = routerWith({ images: { pull: async () => Promise.reject(error) } });
  const refused = await ask(early.router, "POST /images/create?fromImage=x");
  expect([refused.status, await messageOf(refused)]).toEqual([404, error.message]);
  const late = routerWith({
    images: {
      pull: async ({ onProgress }: ImagePullOptions) => {
        onProgress({ status: "Pulling" });
        throw error;
      },
    },
  });
  const failed = await ask(late.router, "POST /images/create?fromImage=x");
  expect(failed.status).toBe(200);
  const lines = (await failed.text()).trim().split("\r\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ errorDetail: { message: error.message }, error: error.message });
});

it("a client that goes away ends the pull", async () => {
  let aborted: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const { router } = routerWith({
    images: {
      pull: ({ onProgress, signal }: ImagePullOptions) =>
        new Promise((_, reject) => {
          onProgress({ status: "Pulling" });
          signal?.addEventListener("abort", () => {
            aborted();
            reject(signal.reason);
          });
        }),
    },
  });
  const response = await ask(router, "POST /images/create?fromImage=x");
  await response.body?.cancel();
  await ended;
});

it("a client that does not read gets the newest step of each bar, not all of them", async () => {
  const { router } = routerWith({
    images: {
      pull: async ({ onProgress }: ImagePullOptions) => {
        for (let current = 0; current <= 10_000; current += 1) {
          onProgress({ status: "Downloading", id: `l${current % 2}`, progressDetail: { current, total: 10_000 } });
        }
      },
    },
  });
  const response = await ask(router, "POST /images/create?fromImage=x");
  const steps = (await response.text())
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line).progressDetail.current);
  expect(steps.length).toBeLessThan(10);
  expect(steps.slice(-2).sort()).toEqual([10_000, 9_999]);
});

it("progressBar() draws Docker's bar", () => {
  expect(progressBar({ current: 0, total: 0 })).toBe("");
  expect(progressBar({ current: 1, total: 0 })).toBe("      1B");
  expect(progressBar({ current: 50, total: 100 })).toBe(`[${"=".repeat(25)}>${" ".repeat(25)}]      50B/100B`);
  expect(progressBar({ current: 2, total: 4, units: "layers" })).toMatch(/\] {8}2\/4 layers$/);
});

it("X-Registry-Auth that is no base64 or no object is none, as with Docker", async () => {
  const { router } = routerWith({ images: { pull: async () => undefined } });
  for (const header of ["%%%", btoa("[1]"), btoa('{"username":1}')]) {
    const response = await ask(router, "POST /images/create?fromImage=x", undefined, { "X-Registry-Auth": header });
    expect(response.status).toBe(200);
  }
});

it("formatEvent() keeps nanoseconds whole and adds what older clients read", () => {
  const line = formatEvent({
    Type: "container",
    Action: "start",
    Actor: { ID: "c1", Attributes: { image: "busybox", name: "web" } },
    scope: "local",
    time: 1_700_000_000,
    timeNano: 1_700_000_000_123_456_789n,
  });
  expect(line.endsWith(',"timeNano":1700000000123456789}\n')).toBe(true);
  expect(JSON.parse(line)).toMatchObject({
    status: "start",
    id: "c1",
    from: "busybox",
    Type: "container",
    Action: "start",
  });
});
