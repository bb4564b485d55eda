import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A command on a terminal of 30 rows and 100 columns, typed into as a person does. `script` of util-linux holds the pty. */
export class PtySession {
  readonly #child: ChildProcess;
  #output = "";

  constructor(command: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn("script", ["-qfec", `stty rows 30 cols 100; ${command}`, "/dev/null"], {
      env: { ...env, TERM: "xterm", SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
  }

  /** Everything that came out since the last call that matched, control sequences cut. */
  async shows(pattern: RegExp, timeout = 20_000): Promise<string> {
    const until = Date.now() + timeout;
    while (Date.now() < until) {
      const text = plain(this.#output);
      if (pattern.test(text)) {
        this.#output = "";
        return text;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The terminal never showed ${pattern}. It shows:\n${plain(this.#output)}`);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits for the command's end; answers its exit code. */
  async ended(): Promise<number> {
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    return this.#child.exitCode ?? -1;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function plain(text: string): string {
  return text.replace(controlSequence, "").replaceAll("\r\n", "\n");
}

const controlSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[a-zA-Z]`, "g");
