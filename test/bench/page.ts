import type { Page, Request } from "playwright-core";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { startPageServer } from "../support/page-server.ts";
import { TerminalDriver } from "../support/terminal.ts";
import type { Row } from "./report.ts";
import { startsToWarm, summarize } from "./sample.ts";

const runs = 7;

/** The second is warm, as in the headless rows; the last two say what of the others is the key, the shell, a process and the screen. */
const commands: readonly (readonly [command: string, warmup: number, name?: string])[] = [
  ["docker run --rm busybox true", 2],
  ["docker run --rm busybox true", startsToWarm - runs - 2, "docker run --rm busybox true, warm"],
  ["docker exec bench true", 2],
  ["docker ps", 2],
  ["/bin/true", 2],
  [":", 2],
];

/** Figures of the page in headless Chromium: from navigation to the prompt, and from Enter to the prompt. */
export async function pageRows(): Promise<Row[]> {
  const server = await startPageServer();
  const browser = await openBrowser();
  try {
    const transfer = await firstVisit(browser, server.origin);
    const loads: number[] = [];
    for (let round = 0; round < runs; round++) loads.push(await loadToPrompt(browser, server.origin));
    const page = await browser.context.newPage();
    await page.goto(server.origin);
    const terminal = new TerminalDriver(page);
    await terminal.ready();
    await terminal.does("docker pull -q busybox && docker run -d --name bench busybox sleep 1000");
    const rows: Row[] = [
      { name: "page: first visit, transfer before the prompt", unit: "MB", wherry: transfer / 1e6, limit: "12 MB" },
      { name: "page: load to prompt, warm HTTP cache", unit: "ms", wherry: summarize(loads), limit: "1500 ms" },
    ];
    for (const [command, warmup, name = command] of commands) {
      rows.push({ name: `page: ${name}`, unit: "ms", wherry: summarize(await enterToPrompt(page, command, warmup)) });
    }
    await terminal.does("docker rm -f bench");
    return rows;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Bytes over the wire until the prompt is there, those that the worker asked for included. */
async function firstVisit({ context }: Browser, origin: string): Promise<number> {
  const sizes: Promise<number>[] = [];
  const listener = (request: Request) =>
    sizes.push(request.sizes().then((size) => size.responseBodySize + size.responseHeadersSize));
  context.on("requestfinished", listener);
  const page = await context.newPage();
  await page.goto(origin);
  await new TerminalDriver(page).ready();
  context.off("requestfinished", listener);
  await page.close();
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function loadToPrompt({ context }: Browser, origin: string): Promise<number> {
  const page = await context.newPage();
  await page.goto(origin, { waitUntil: "commit" });
  const taken = await promptAppears(page);
  await page.close();
  return taken;
}

/** Milliseconds since the navigation began. */
async function promptAppears(page: Page): Promise<number> {
  const handle = await page.waitForFunction(
    () => /root@wherry:\S+#\s*$/.test(document.querySelector(".xterm-rows")?.textContent ?? "") && performance.now(),
    undefined,
    { polling: 10 },
  );
  return Number(await handle.jsonValue());
}

/** The line is typed already; the clock of the page runs from Enter until the next prompt stands at the end of the screen. */
async function enterToPrompt(page: Page, command: string, warmup: number): Promise<number[]> {
  const terminal = new TerminalDriver(page);
  const times: number[] = [];
  for (let round = 0; round < warmup + runs; round++) {
    const mark = `bench${Math.random().toString(36).slice(2, 8)}`;
    await terminal.type(`${command} >/dev/null; echo ${mark.slice(0, 5)}''${mark.slice(5)}`);
    await terminal.shows(new RegExp(`${mark.slice(5)}\\s*$`));
    const appears = await page.evaluateHandle(promptAfter, mark);
    await terminal.press("Enter");
    const taken = await appears.evaluate(({ taken }) => taken);
    if (round >= warmup) times.push(taken);
  }
  return times;
}

/** In the page: milliseconds from the next key to a prompt right after the line that is `mark`. */
function promptAfter(mark: string): { readonly taken: Promise<number> } {
  const rows = document.querySelector(".xterm-rows");
  if (!rows) throw new Error("there is no terminal");
  const shown = new RegExp(`${mark}\\s*root@wherry:\\S+#\\s*$`);
  const taken = new Promise<number>((resolve) => {
    let start = 0;
    document.addEventListener("keydown", () => (start = performance.now()), { once: true, capture: true });
    const observer = new MutationObserver(() => {
      if (start === 0 || !shown.test(rows.textContent?.replaceAll("\u00a0", " ") ?? "")) return;
      observer.disconnect();
      resolve(performance.now() - start);
    });
    observer.observe(rows, { subtree: true, childList: true, characterData: true });
  });
  // In an object: what is a promise would be awaited before the key is pressed.
  return { taken };
}
