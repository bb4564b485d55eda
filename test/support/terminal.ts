import type { Page } from "playwright-core";

/** All that a new engine's first shell shows: what an earlier one left on the screen ends in a prompt too. */
const freshPrompt = /^Docker on a small Linux machine[^#$]*\n\s*root@wherry:~#\s*$/;

/** Milliseconds that a slow machine may take before a test gives up. */
const patience = 60_000;

/** Drives the page's terminal as a person does: keys in, and what the screen shows out. */
export class TerminalDriver {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Waits until the engine runs and a new shell's prompt is there. */
  async ready(): Promise<void> {
    await this.shows(freshPrompt);
    await this.focus();
  }

  async focus(): Promise<void> {
    await this.#page.locator(".xterm-helper-textarea").focus();
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  /** Presses keys one after the other, such as `Control+P`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  /** Types a line and Enter. */
  async enter(line: string): Promise<void> {
    await this.type(line);
    await this.press("Enter");
  }

  /** Runs a command in the host's shell to its end. Answers its exit code, and what the screen shows of it. */
  async run(command: string, timeout = patience): Promise<{ readonly code: number; readonly screen: string }> {
    const marker = `end-${Math.random().toString(36).slice(2, 8)}`;
    // The quotes keep the typed line from looking like what it prints.
    await this.enter(`clear; ${command}; echo ${marker.slice(0, 5)}''${marker.slice(5)} $?`);
    const screen = await this.shows(new RegExp(`${marker} \\d+[\\s\\S]*#\\s*$`), timeout);
    const at = screen.indexOf(marker);
    return { code: Number.parseInt(screen.slice(at + marker.length), 10), screen: screen.slice(0, at).trim() };
  }

  /** Like `run`, for a command that must succeed. */
  async does(command: string, timeout = patience): Promise<string> {
    const { code, screen } = await this.run(command, timeout);
    if (code !== 0) throw new Error(`${command} exited with ${code}:\n${screen}`);
    return screen;
  }

  /** Waits until the screen matches, and answers it. Rejects with what it shows instead. */
  async shows(pattern: RegExp, timeout = patience): Promise<string> {
    const until = Date.now() + timeout;
    let screen = "";
    while (Date.now() < until) {
      screen = await this.screen();
      if (pattern.test(screen)) return screen;
      await this.#page.waitForTimeout(30);
    }
    throw new Error(`The terminal never showed ${pattern}. It shows:\n${screen}`);
  }

  /** The rows that are on the screen, trailing blanks cut. */
  async screen(): Promise<string> {
    const rows = await this.#page.locator(".xterm-rows > div").allTextContents();
    const lines = rows.map((row) => row.replaceAll("\u00a0", " "));
    while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
    return lines.map((line, index) => (index === lines.length - 1 ? line : line.trimEnd())).join("\n");
  }
}
