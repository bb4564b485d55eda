import type { Page } from "playwright-core";

/** Drives the page's terminal as a person does: keys in, and what the screen shows out. */
export class TerminalDriver {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Waits until the engine runs and the shell's prompt is there. */
  async ready(): Promise<void> {
    await this.shows(/root@wherry:~# $/);
    await this.#page.locator(".xterm-helper-textarea").focus();
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
  }

  /** Types a command and waits until it is done: the prompt is back. Answers what the screen shows below the command. */
  async run(command: string, timeout = 60_000): Promise<string> {
    const marker = `done-${Math.random().toString(36).slice(2, 8)}`;
    await this.type(`clear; ${command}; echo ${marker.slice(0, 5)}''${marker.slice(5)} $?`);
    await this.press("Enter");
    const screen = await this.shows(new RegExp(`${marker} \\d+`), timeout);
    return screen.slice(0, screen.indexOf(marker)).trim();
  }

  /** Waits until the screen matches, and answers it. Rejects with what it shows instead. */
  async shows(pattern: RegExp, timeout = 60_000): Promise<string> {
    const until = Date.now() + timeout;
    let screen = "";
    while (Date.now() < until) {
      screen = await this.screen();
      if (pattern.test(screen)) return screen;
      await this.#page.waitForTimeout(50);
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
