import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";
import type { TerminalDriver } from "../support/terminal.ts";
import { openPage, type WherryPage } from "../support/wherry-page.ts";

let server: PageServer;
let browser: Browser;
let wherry: WherryPage;
let terminal: TerminalDriver;
const promptLine = /root@wherry:~#\s*$/;

beforeAll(async () => {
  server = await startPageServer();
  browser = await openBrowser();
  wherry = await openPage(browser.context, server.origin);
  terminal = wherry.terminal;
  await terminal.ready();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe("the page", () => {
  test("says that it runs, and the terminal has the keyboard", async () => {
    expect(await wherry.says(/^Running$/)).toBe("Running");
    expect(await wherry.page.evaluate(() => document.activeElement?.className)).toContain("xterm-helper-textarea");
  });

  test("greets with commands to begin with", async () => {
    expect(await terminal.screen()).toMatch(/^Docker on .* To begin with:\n\n\s+docker run hello-world\n/);
  });

  test("shows the underscores of a container's name", async () => {
    await terminal.does("clear; echo ____; echo; echo");
    const rows = wherry.page.locator(".xterm-rows > div");
    const [line, blank] = [rows.filter({ hasText: /^____/ }).first(), rows.filter({ hasText: /^\s*$/ }).first()];
    expect(await line.screenshot()).not.toEqual(await blank.screenshot());
  });

  test("is read out by a screen reader when asked to", async () => {
    const control = wherry.page.getByRole("button", { name: "Screen reader" });
    expect(await control.getAttribute("aria-pressed")).toBe("false");
    await control.click();
    expect(await control.getAttribute("aria-pressed")).toBe("true");
    await terminal.focus();
    await terminal.enter("clear; echo read me $((40+2))");
    await wherry.page.locator(".xterm-accessibility-tree", { hasText: "read me 42" }).waitFor();
    await wherry.page
      .locator(".xterm-accessibility .live-region", { hasText: "read me 42" })
      .waitFor({ state: "attached" });
    await wherry.page.reload();
    await terminal.ready();
    expect(await control.getAttribute("aria-pressed")).toBe("true");
    await control.click();
    await wherry.page.locator(".xterm-accessibility").waitFor({ state: "detached" });
    await terminal.focus();
  });
});

describe("the host's shell", () => {
  test("is root's bash, with pipes, loops and files", async () => {
    expect(await terminal.does("id -un; bash --version | head -1")).toMatch(/^root\nGNU bash, version 5/);
    expect(await terminal.does("for i in 1 2 3; do echo $i; done | sort -r | tr '\\n' ' ' > sorted; cat sorted")).toBe(
      "3 2 1",
    );
    expect((await terminal.run("test -e nothing")).code).toBe(1);
  });

  test("is on a kernel of its own, with cgroups to look at", async () => {
    expect(await terminal.does("uname -s; ls /sys/fs/cgroup | grep -x cgroup.controllers")).toBe(
      "Linux\ncgroup.controllers",
    );
    expect(await terminal.does("ps | grep -c '[b]ash'")).toBe("1");
  });

  test("has no more processes than leave the machine usable", async () => {
    const many = "sh -c 'for i in $(seq 600); do sleep 1000 & done'";
    expect((await terminal.run(many)).screen).toMatch(/can't fork: Resource temporarily unavailable$/);
    expect(await terminal.does("kill -9 -1; docker version -f '{{.Server.Os}}'")).toContain("linux");
  });

  test("edits with vi", async () => {
    await terminal.enter("clear; vi note");
    await terminal.shows(/^~$[\s\S]*^- note/m);
    await terminal.type("ihello from vi");
    await terminal.shows(/hello from vi[\s\S]*^I note/m);
    await terminal.press("Escape");
    await terminal.shows(/^- note/m);
    await terminal.enter(":wq");
    await terminal.shows(promptLine);
    expect(await terminal.does("cat note")).toBe("hello from vi");
  });

  test("shows more than ASCII, and takes it from the keyboard", async () => {
    await terminal.enter("clear; echo 'grüße 漢字' > words; cat words");
    await terminal.shows(/grüße 漢字\n/);
  });

  test("counts the cells of wide characters as bash does", async () => {
    const column = "IFS=';' read -rs -d R -p $'\\r漢😀\\e[6n' row column; echo column $column";
    await terminal.enter(`clear; ${column}`);
    await terminal.shows(/column 5\n/);
  });

  test("opens anew after exit, when Enter is pressed", async () => {
    await terminal.enter("clear; kept=yes; exit");
    await terminal.shows(/The shell has ended\. Press Enter for a new one\.\s*$/);
    await terminal.press("Enter");
    await terminal.shows(promptLine);
    expect(await terminal.does("echo .$kept.")).toBe("..");
  });
});

describe("keys", () => {
  test("the arrows and Ctrl-R recall what was typed", async () => {
    await terminal.does("echo recalled");
    await terminal.enter("clear");
    await terminal.press("ArrowUp", "ArrowUp");
    await terminal.shows(/#\s+clear; echo recalled; echo end-/);
    await terminal.press("Control+U", "Control+L", "Control+R");
    await terminal.type("recalled");
    await terminal.shows(/reverse-i-search\)`recalled'/);
    await terminal.press("Control+G", "Control+U");
  });

  test("Tab completes commands, flags, and images", async () => {
    // Not Ctrl+C: what is typed before bash has seen to the signal is dropped with the line.
    const completes = async (typed: string, whole: RegExp) => {
      await terminal.press("Control+U", "Control+L");
      await terminal.type(typed);
      await terminal.press("Tab");
      await terminal.shows(whole);
    };
    await completes("docker ver", /#\s+docker version\s*$/);
    await completes("docker run --det", /#\s+docker run --detach/);
    await completes("docker run --pull=mis", /#\s+docker run --pull=missing\s*$/);
    await completes("docker container insp", /#\s+docker container inspect\s*$/);
    await completes("ls /sys/fs/cgr", /#\s+ls \/sys\/fs\/cgroup\/\s*$/);
    await terminal.press("Control+U", "Control+L");
    await terminal.type("docker re");
    await terminal.press("Tab", "Tab");
    await terminal.shows(/rename\s[\s\S]*restart\s/);
    await terminal.press("Control+U", "Control+L");
  });

  test("selected text is copied, and pasted", async () => {
    await terminal.enter("clear; echo copy''this");
    const word = wherry.page.locator(".xterm-rows > div", { hasText: /^copythis/ });
    await word.waitFor();
    for (const copy of ["Control+C", "Control+Shift+C"]) {
      await wherry.page.evaluate(() => navigator.clipboard.writeText("nothing"));
      const box = await word.boundingBox();
      await wherry.page.mouse.dblclick((box?.x ?? 0) + 20, (box?.y ?? 0) + 8);
      await terminal.press(copy);
      expect(await wherry.page.evaluate(() => navigator.clipboard.readText())).toBe("copythis");
    }
    await terminal.press("Control+L");
    await terminal.type("echo ");
    await terminal.press("Control+V");
    await terminal.shows(/#\s+echo copythis\s*$/);
    await terminal.press("Control+Shift+V");
    await terminal.shows(/#\s+echo copythiscopythis\s*$/);
    await terminal.press("Control+U");
  });

  test("lines that are pasted wait for Enter", async () => {
    await terminal.press("Control+L");
    await wherry.page.evaluate(() => navigator.clipboard.writeText("echo one\necho two\n"));
    await terminal.press("Control+V");
    await terminal.shows(/echo one\n\s*echo two\s*$/);
    await terminal.press("Control+U");
  });

  test("what is pasted has no keys hidden in it", async () => {
    await terminal.press("Control+L");
    await wherry.page.evaluate(() => navigator.clipboard.writeText("echo a\u001b[201~b\u0003c\necho d"));
    await terminal.press("Control+V");
    await terminal.shows(/#\s+echo a␛\[201~b␃c\n\s*echo d\s*$/);
    await terminal.press("Control+U");
  });

  test("F6 is the browser's, so that the keyboard finds its way out", async () => {
    const prevented = await wherry.page.evaluateHandle(() => {
      const seen: boolean[] = [];
      addEventListener("keydown", (event) => seen.push(event.defaultPrevented), { once: true });
      return seen;
    });
    await terminal.press("F6");
    expect(await prevented.jsonValue()).toEqual([false]);
    await terminal.press("Shift+Tab");
    const control = wherry.page.getByRole("button", { name: "Screen reader" });
    expect(await control.evaluate((button) => button === document.activeElement)).toBe(true);
    await terminal.press("Tab", "Control+L");
    await terminal.type("docker ver");
    await terminal.press("Tab");
    await terminal.shows(/#\s+docker version\s*$/);
    await terminal.press("Control+U");
  });
});

describe("a flood of output", () => {
  test("is shown to its end, and stopped by Ctrl-C", async () => {
    expect(await terminal.does("seq 1 50000 | tail -n 50000; echo last")).toMatch(/49999\n50000\nlast$/);
    await terminal.enter("clear; yes");
    await terminal.shows(/y\ny\ny\n/);
    await terminal.press("Control+C");
    await terminal.shows(promptLine);
  });
});

test("nothing was refused by the page's policy, and nothing failed", () => {
  expect(wherry.complaints).toEqual([]);
});
