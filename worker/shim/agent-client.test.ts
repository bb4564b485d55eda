import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { AgentClient } from "./agent-client.ts";
import { guestSuite } from "./guest.suite.ts";
import { compileTestPrograms, startNativeAgent } from "./native-agent.node.ts";

guestSuite(
  "AgentClient with the agent as a process of this machine",
  async () => {
    const agent = await startNativeAgent();
    const programs = await compileTestPrograms();
    return { guest: agent.client, programs, folder: agent.folder, close: () => agent.close() };
  },
  { bulk: 50 << 20 },
);

it("AgentClient takes an agent over from an earlier one, whose streams and listeners end", async () => {
  const agent = await startNativeAgent();
  try {
    const socket = `${agent.folder}/socket`;
    await agent.client.listen(socket, 0o600, () => undefined);
    const old = await agent.client.spawn({ argv: ["/bin/cat"], stdin: true, stdout: true });
    agent.client.disconnect("another takes over");
    const next = new AgentClient({ port: agent.port, now: () => new Date() });
    await next.connect();
    expect(await next.readDir(agent.folder)).not.toContain("socket");
    // Its stdin was closed, so it has ended; nobody is told.
    await expect.poll(() => next.kill(old.pid, 0).catch((error: unknown) => error)).toMatchObject({ code: "ESRCH" });
    const fresh = await next.spawn({ argv: ["/bin/true"] });
    expect((await fresh.exited).code).toBe(0);
  } finally {
    await agent.close();
  }
});

it("AgentClient copies extended attributes as large as the kernel takes them", async () => {
  const agent = await startNativeAgent();
  // A tmpfs: other file systems take less.
  const folder = await mkdtemp("/dev/shm/wherry-agent-");
  try {
    for (const name of ["from", "to"]) await mkdir(`${folder}/${name}`);
    await writeFile(`${folder}/from/file`, "");
    // setxattr(2) and getxattr(2) of x86-64: Node has neither.
    const perl = (script: string, ...argv: string[]) =>
      execFileSync("perl", ["-e", script, ...argv], { encoding: "utf8" });
    perl(
      "my ($n, $v) = ('trusted.large', 'x' x 60000); syscall(188, $ARGV[0], $n, $v, 60000, 0) and die $!",
      `${folder}/from/file`,
    );
    await agent.client.run([{ op: "copy", from: `${folder}/from`, to: `${folder}/to` }]);
    const read = "my ($n, $v) = ('trusted.large', ' ' x 65536); print syscall(191, $ARGV[0], $n, $v, 65536)";
    expect(perl(read, `${folder}/to/file`)).toBe("60000");
  } finally {
    await rm(folder, { recursive: true });
    await agent.close();
  }
});
