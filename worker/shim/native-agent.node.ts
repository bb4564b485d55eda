import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AgentPort } from "../vm/machine.ts";
import { AgentClient } from "./agent-client.ts";

const recipe = fileURLToPath(new URL("../../kernel-image/", import.meta.url));
const flags = [
  ...["-std=gnu11", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64", "-Wall", "-Wextra", "-Werror", "-O2"],
  ...["-m32", "-march=i686", "-static", "-s"],
];

/** A C program of the guest, compiled for a test: once for each content of its sources, outside the clone. */
export async function compileProgram(name: string, sources: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(flags.join(" "));
  const headers = (await readdir(join(recipe, "agent"))).filter((file) => file.endsWith(".h"));
  for (const path of [...sources, ...headers.sort().map((file) => `agent/${file}`)]) {
    hash.update(path).update(await readFile(join(recipe, path)));
  }
  const folder = join(tmpdir(), "wherry-test-programs");
  const program = join(folder, `${name}-${hash.digest("hex").slice(0, 16)}`);
  await mkdir(folder, { recursive: true });
  const known = await readdir(folder);
  if (known.some((file) => join(folder, file) === program)) return program;
  const partial = await mkdtemp(join(folder, "partial-"));
  const inputs = sources.map((path) => join(recipe, path));
  // Stripped: tests carry programs into the guest.
  await promisify(execFile)("gcc", [...flags, `-I${join(recipe, "agent")}`, "-o", join(partial, name), ...inputs]);
  await rename(join(partial, name), program);
  await rm(partial, { recursive: true });
  return program;
}

export async function agentSources(): Promise<readonly string[]> {
  const files = await readdir(join(recipe, "agent"));
  return files.filter((file) => file.endsWith(".c") && !file.endsWith("-test.c")).map((file) => `agent/${file}`);
}

/** Small programs for guests to run in tests; their sources say what they do. */
export async function compileTestPrograms(): Promise<{ readonly relay: Uint8Array; readonly console: Uint8Array }> {
  return {
    relay: await readFile(await compileProgram("relay", ["agent/relay-test.c"])),
    console: await readFile(await compileProgram("console", ["agent/console-test.c"])),
  };
}

/** The guest's real agent as an ordinary process of this machine (root is needed), for tests. */
export interface NativeAgent {
  readonly client: AgentClient;
  readonly port: SocketPort;
  /** An empty folder for the test. */
  readonly folder: string;
  readonly pid: number;
  close(): Promise<void>;
}

export async function startNativeAgent(): Promise<NativeAgent> {
  const program = await compileProgram("agent", await agentSources());
  const child = spawn(program, ["--test-port", "3"], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = new SocketPort(child.stdio[3] as Socket);
  const client = new AgentClient({ port, now: () => new Date() });
  child.once("exit", () => client.disconnect("the agent has ended"));
  await client.connect();
  const folder = await mkdtemp(join(tmpdir(), "wherry-agent-"));
  return {
    client,
    port,
    folder,
    pid: child.pid ?? 0,
    async close() {
      // As PID 1 its end would be theirs; here they would live on.
      const left = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "");
      port.end();
      await gone;
      for (const pid of left.split(" ").filter(Boolean)) kill(-Number(pid));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A unix socket as agent port. */
class SocketPort implements AgentPort {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => socket.destroy());
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  onReceive(listener: (bytes: Uint8Array) => void): { dispose(): void } {
    // Plain arrays, as from a machine: a Buffer prints and slices otherwise.
    const each = ({ buffer, byteOffset, length }: Buffer) => listener(new Uint8Array(buffer, byteOffset, length));
    this.#socket.on("data", each);
    return { dispose: () => this.#socket.off("data", each) };
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Kills a process group that may be gone already. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone.
  }
}
