import { expect, test } from "vitest";
import type { ContainerLogsOptions } from "../api/types/backend.ts";
import { systemClock } from "../internal/clock.ts";
import { ContainerLog } from "./log.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const all: ContainerLogsOptions = { stdout: true, stderr: true, follow: false, timestamps: false, details: false };

async function read(log: ContainerLog, options: Partial<ContainerLogsOptions> = {}): Promise<string> {
  let text = "";
  for await (const frame of log.read({ ...all, ...options })) text += new TextDecoder().decode(frame.bytes);
  return text;
}

function makeLog(capacity = 1 << 20, details = ""): ContainerLog {
  const log = new ContainerLog(systemClock(), { capacity, details });
  log.open();
  return log;
}

test("read() answers whole lines, and what is left of one once the log is closed", async () => {
  const log = makeLog();
  log.write("stdout", bytes("one\ntw"));
  log.write("stderr", bytes("oops\n"));
  log.write("stdout", bytes("o\nthree"));
  expect(await read(log)).toBe("one\noops\ntwo\n");
  log.close();
  expect(await read(log)).toBe("one\noops\ntwo\nthree");
  expect(await read(log, { stdout: false })).toBe("oops\n");
});

test("read() keeps to the tail", async () => {
  const log = makeLog();
  for (const number of [1, 2, 3, 4]) log.write("stdout", bytes(`line ${number}\n`));
  expect(await read(log, { tail: 2 })).toBe("line 3\nline 4\n");
  expect(await read(log, { tail: 0 })).toBe("");
  expect(await read(log, { tail: 9 })).toBe("line 1\nline 2\nline 3\nline 4\n");
});

test("read() follows until the log is closed", async () => {
  const log = makeLog();
  log.write("stdout", bytes("before\n"));
  const following = read(log, { follow: true });
  log.write("stdout", bytes("after\n"));
  log.close();
  expect(await following).toBe("before\nafter\n");
});

test("read() stops following when the client leaves", async () => {
  const log = makeLog();
  const client = new AbortController();
  const following = read(log, { follow: true, signal: client.signal });
  client.abort();
  expect(await following).toBe("");
});

test("read() puts the time and the details in front of each piece of a long line, and counts pieces from the end", async () => {
  const log = makeLog(1 << 20, "a=b");
  log.write("stdout", bytes(`${"x".repeat(20_000)}\n`));
  const prefix = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z a=b ";
  expect(await read(log, { timestamps: true, details: true })).toMatch(
    new RegExp(`^${prefix}x{16384}${prefix}x{3616}\\n$`),
  );
  expect(await read(log, { tail: 1 })).toBe(`${"x".repeat(3616)}\n`);
});

test("a log without room keeps nothing", async () => {
  const log = makeLog(0);
  log.write("stdout", bytes("gone\n"));
  log.close();
  expect(await read(log)).toBe("");
});

test("read() leaves out what is before `since` or after `until`", async () => {
  const clock = systemClock();
  const log = new ContainerLog(clock, { capacity: 1 << 20, details: "" });
  log.write("stdout", bytes("early\n"));
  const since = clock.nanos();
  log.write("stdout", bytes("in time\n"));
  const until = clock.nanos();
  log.write("stdout", bytes("late\n"));
  expect(await read(log, { since, until })).toBe("in time\n");
});

test("write() drops the oldest lines beyond the capacity", async () => {
  const log = makeLog(2 * 207);
  for (const number of [1, 2, 3, 4]) log.write("stdout", bytes(`line ${number}\n`));
  expect(await read(log)).toBe("line 3\nline 4\n");
});

test("write() keeps millions of tiny lines within the capacity, what they cost besides their bytes counted", async () => {
  const capacity = 1 << 20;
  const log = new ContainerLog({ ...systemClock(), nanos: () => 1n }, { capacity, details: "" });
  log.open();
  const chunk = bytes("y\n".repeat(50_000));
  const follower = log.read({ ...all, follow: true }).getReader();
  for (let written = 0; written < 5_000_000; written += 50_000) log.write("stdout", chunk);
  log.write("stdout", bytes("last\n"));
  const { entries } = log;
  expect(entries.length).toBeGreaterThan(capacity / 300);
  expect(entries.length * 200).toBeLessThanOrEqual(capacity);
  expect(await read(log, { tail: 2 })).toBe("y\nlast\n");
  expect(new TextDecoder().decode((await follower.read()).value?.bytes)).toBe("y\n");
  log.close();
  let followed = 0;
  for (let result = await follower.read(); !result.done; result = await follower.read()) followed++;
  expect(followed).toBeLessThanOrEqual(entries.length);
}, 60_000);
