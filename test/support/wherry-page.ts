import type { BrowserContext, Page } from "playwright-core";
import { TerminalDriver } from "./terminal.ts";

/** Wherry in a tab. */
export interface WherryPage {
  readonly page: Page;
  readonly terminal: TerminalDriver;
  /** What the browser complained of: violations of the page's policy, failed loads, uncaught errors. */
  readonly complaints: readonly string[];
  status(): Promise<string>;
  /** Waits for a status that matches. */
  says(pattern: RegExp): Promise<string>;
}

/** Opens a tab without waiting for anything but the document. */
export async function openPage(context: BrowserContext, url: string): Promise<WherryPage> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  const status = async () => (await page.getByRole("status").textContent()) ?? "";
  return {
    page,
    terminal: new TerminalDriver(page),
    complaints,
    status,
    async says(pattern) {
      await page.getByRole("status").filter({ hasText: pattern }).waitFor();
      return await status();
    },
  };
}
