import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptInvocation } from "../../web/cli/invocation.ts";
import { GuestHostSession } from "../../worker/daemon/host-session.ts";
import type { HostShell } from "../../worker/host/host-session.ts";
import { CrunRuntime } from "../../worker/runtime/crun.ts";
import { AgentClient, hostFiles } from "../../worker/shim/agent-client.ts";
import { PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import { openGuestFolder } from "../../worker/vm/guest-files.node.ts";
import { V86Machine } from "../../worker/vm/v86.ts";

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../dist/guest", import.meta.url));
const encoder = new TextEncoder();

/** A shell on the Docker host, typed into and read as a person would. */
class Typist {
  readonly #shell: HostShell;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #seen = "";

  constructor(shell: HostShell) {
    this.#shell = shell;
    this.#reader = shell.readable.getReader();
    this.#writer = shell.writable.getWriter();
  }

  type(text: string): Promise<void> {
    return this.#writer.write(encoder.encode(text));
  }

  /** Reads up to and including `wanted`. */
  async until(wanted: string): Promise<string> {
    while (!this.#seen.includes(wanted)) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`Cannot find ${JSON.stringify(wanted)}: the shell ended after ${this.#seen}`);
      this.#seen += new TextDecoder().decode(value);
    }
    const end = this.#seen.indexOf(wanted) + wanted.length;
    const text = this.#seen.slice(0, end);
    this.#seen = this.#seen.slice(end);
    return text;
  }

  get exited() {
    return this.#shell.exited;
  }
}

describe("a shell on the Docker host", () => {
  let machine: V86Machine;
  let session: GuestHostSession;

  beforeAll(async () => {
    const built = await openGuestFolder(builtGuest, PROTOCOL_VERSION);
    machine = new V86Machine(built.components, { id: "test" });
    await machine.start();
    const guest = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
    await guest.connect();
    session = new GuestHostSession({ current: async () => ({ guest, runtime: new CrunRuntime(guest) }) });
    await session.serve(guest);
    // Stands for the docker command: tells its arguments, or copies its input.
    session.onInvocation(async (connection) => {
      const invocation = await acceptInvocation(connection);
      const { context } = invocation;
      if (context.argv[0] === "cat") {
        await context.stdin.pipeTo(context.stdout);
        await invocation.exit(0);
        return;
      }
      const writer = context.stdout.getWriter();
      await writer.write(encoder.encode(`${context.argv.join("+")} in ${context.cwd}\n`));
      await invocation.exit(context.argv.length);
    });
  });
  afterAll(() => machine?.stop());

  it("is bash in the guest's home, on a terminal of the page's size, with the agent as PID 1", async () => {
    const shell = new Typist(await session.openShell({ size: { rows: 40, columns: 132 }, env: { PS1: "> " } }));
    await shell.type("echo $((6*7)) $PWD $(hostname) $(stty size) $TERM $0; cat /proc/1/comm\n");
    expect(await shell.until("init\r\n")).toContain("42 /root wherry 40 132 xterm-256color /bin/bash");
    await shell.type("grep -c . /sys/fs/cgroup/cgroup.controllers; cat /proc/self/cgroup; exit 3\n");
    await shell.until("0::/host\r\n");
    expect((await shell.exited).code).toBe(3);
  });

  it("has a docker that works in pipes, loops and substitutions", async () => {
    const shell = new Typist(await session.openShell({ size: { rows: 24, columns: 80 } }));
    await shell.type('cd /tmp; for i in 1 2; do docker ps $i; done | sort -r; echo "<$(docker a b)>" $?\n');
    await shell.until("ps+2 in /tmp\r\nps+1 in /tmp\r\n<a+b in /tmp> 2\r\n");
    await shell.type("seq 20000 | md5sum; seq 20000 | docker cat | md5sum\n");
    const sums = (await shell.until("  -\r\n")) + (await shell.until("  -\r\n"));
    const [one, two] = [...sums.matchAll(/[0-9a-f]{32}/g)].map(([sum]) => sum);
    expect(one).toBe(two);
    await shell.type("exit\n");
    await shell.exited;
  });
});
