import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";
import { type RegistryDouble, startRegistryDouble } from "../support/registry-double.node.ts";
import { buildImage } from "../support/registry-image.node.ts";
import { openPage, type WherryPage } from "../support/wherry-page.ts";

const layers = [{ "one.txt": "1".repeat(5000) }, { "two.txt": "2".repeat(5000) }, { "three.txt": "3".repeat(5000) }];
const image = buildImage({ layers });
const last = image.layers.at(-1);

let registry: RegistryDouble;
let server: PageServer;
let browser: Browser;
let wherry: WherryPage;

beforeAll(async () => {
  registry = await startRegistryDouble();
  registry.add("team/app:latest", image);
  server = await startPageServer(["--allow-registry", registry.host]);
  browser = await openBrowser();
  wherry = await openPage(browser.context, server.origin);
  await wherry.terminal.ready();
});
afterAll(async () => {
  await browser?.close();
  await registry?.stop();
  await server?.stop();
});

const blobRequests = () => registry.requests.filter((each) => each.includes("/blobs/")).length;
const name = () => `${registry.host}/team/app`;

/** Whether leaving the page asks first. It is left either way. */
async function leavingAsks(page: Page, leave: () => Promise<unknown>): Promise<boolean> {
  let asked = false;
  page.once("dialog", async (dialog) => {
    asked = dialog.type() === "beforeunload";
    await dialog.accept();
  });
  await leave();
  page.removeAllListeners("dialog");
  return asked;
}

describe("docker pull", () => {
  test("that dies with its tab leaves nothing to see", async () => {
    registry.answer = (request, response) => {
      if (!last || !request.url?.endsWith(last.digest)) return false;
      // Half of it, and then silence.
      response.writeHead(200, { "content-length": last.bytes.length }).write(last.bytes.subarray(0, 40));
      return true;
    };
    await wherry.terminal.enter(`clear; docker pull ${name()}`);
    await wherry.terminal.shows(/(Pull complete|Download complete)[\s\S]*(Downloading|Pulling fs layer)/);
    const { page } = wherry;
    await page.goto("about:blank").catch(() => undefined);
    await page.close();
    registry.answer = () => false;
    wherry = await openPage(browser.context, server.origin);
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker images -a")).toMatch(/^REPOSITORY.*$/);
  });

  test("shows each layer, and ends with the digest", async () => {
    const screen = await wherry.terminal.does(`docker pull ${name()}`);
    expect(screen).toMatch(/^Using default tag: latest\nlatest: Pulling from team\/app\n/);
    for (const { digest } of image.layers)
      expect(screen).toMatch(new RegExp(`^${digest.slice(7, 19)}: Pull complete`, "m"));
    expect(screen).toContain(`Digest: ${image.manifest.digest}`);
    expect(screen).toContain(`Status: Downloaded newer image for ${name()}:latest`);
  });

  test("draws a bar while a layer arrives", async () => {
    const large = buildImage({
      layers: [{ "large.bin": Buffer.alloc(4_000_000, "0123456789abcdef") }],
      compression: "none",
    });
    const [layer] = large.layers;
    registry.add("team/large:latest", large);
    let finish: () => void = () => undefined;
    registry.answer = (request, response) => {
      if (!layer || !request.url?.endsWith(layer.digest)) return false;
      response.writeHead(200, { "content-length": layer.bytes.length });
      // Bit by bit: what follows a message within a tenth of a second is not told, by Docker neither.
      let sent = 0;
      const send = () => {
        response.write(layer.bytes.subarray(sent, sent + 60_000));
        sent = Math.min(sent + 60_000, layer.bytes.length);
      };
      const trickle = setInterval(send, 150);
      finish = () => {
        clearInterval(trickle);
        response.end(layer.bytes.subarray(sent));
      };
      return true;
    };
    try {
      await wherry.terminal.enter(`clear; docker pull ${registry.host}/team/large`);
      await wherry.terminal.shows(/Downloading\s+\[=+>\s+\]\s+[\d.]+[kM]B\/[\d.]+MB/);
    } finally {
      finish();
      registry.answer = () => false;
    }
    await wherry.terminal.shows(/Status: Downloaded newer image[\s\S]*root@wherry:~#\s*$/);
  });
});

describe("leaving the page", () => {
  test("asks nothing while nothing runs; images stay, and no blob is transferred again", async () => {
    const transferred = blobRequests();
    expect(await leavingAsks(wherry.page, () => wherry.page.reload())).toBe(false);
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker images --format '{{.Repository}}' | sort")).toBe(
      `${name()}\n${registry.host}/team/large`,
    );
    const screen = await wherry.terminal.does(`docker pull ${name()}`);
    expect(screen).toContain(`Status: Image is up to date for ${name()}:latest`);
    await wherry.terminal.does(`docker rmi ${name()} ${registry.host}/team/large`);
    expect(blobRequests()).toBe(transferred);
  });

  test("asks while a container runs; its record stays, and says what was lost", async () => {
    await wherry.terminal.does("docker run -d --name kept busybox sleep 1000");
    expect(await leavingAsks(wherry.page, () => wherry.page.reload())).toBe(true);
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker ps -a --format '{{.Names}} {{.Status}}'")).toMatch(
      /^kept Exited \(255\)/,
    );
    const lost = await wherry.terminal.does("docker inspect -f '{{.State.Error}}' kept");
    expect(lost.replaceAll("\n", "")).toContain("writable layer was lost");
    const started = await wherry.terminal.run("docker start kept");
    expect(started.code).toBe(1);
    expect(started.screen.replaceAll("\n", "")).toContain(lost.replaceAll("\n", ""));
    expect(await wherry.terminal.does("docker rm kept")).toBe("kept");
    expect(await wherry.terminal.does("docker run --rm busybox echo again")).toBe("again");
  });
});

describe("a second tab", () => {
  test("says that Wherry runs elsewhere, and takes it over when told to", async () => {
    const second = await openPage(browser.context, server.origin);
    await second.says(/already running in another tab/);
    await second.page.getByRole("button", { name: "Use it here" }).click();
    await second.terminal.ready();
    expect(await second.terminal.does("docker images --format '{{.Repository}}'")).toBe("busybox");
    await wherry.says(/has moved to another tab/);

    await second.page.close();
    await wherry.says(/no longer runs in another tab/);
    await wherry.page.getByRole("button", { name: "Use it here" }).click();
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("echo back")).toBe("back");
    expect([...wherry.complaints, ...second.complaints]).toEqual([]);
  });
});

describe("a guest that dies", () => {
  test.each([
    ["poweroff", /^The machine has stopped: the guest turned the power off$/],
    ["echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger", /^The machine has stopped: Kernel panic/],
  ])("by %s is reported, and booted again when told to", async (command, report) => {
    await wherry.terminal.does("docker run -d --name lost busybox sleep 1000");
    await wherry.terminal.enter(`clear; ${command}`);
    await wherry.says(report);
    await wherry.page.getByRole("button", { name: "Boot it again" }).click();
    await wherry.says(/^Running$/);
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker ps -a --format '{{.Names}} {{.Status}}'")).toMatch(
      /^lost Exited \(255\)/,
    );
    await wherry.terminal.does("docker rm lost");
    expect(await wherry.terminal.does("docker run --rm busybox echo alive")).toBe("alive");
  });
});

describe("a guest that hangs", () => {
  test("is told of when it has not answered for long, and booted again when told to", async () => {
    await wherry.terminal.does("docker run -d --name running busybox sleep 1000");
    // Freezes the agent.
    await wherry.terminal.enter("clear; echo 1 > /sys/fs/cgroup/host/cgroup.freeze");
    await wherry.page
      .getByRole("status")
      .filter({ hasText: /^The machine does not answer: / })
      .waitFor({ timeout: 120_000 });
    await wherry.page.getByRole("button", { name: "Boot it again" }).click();
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker ps -a --format '{{.Names}} {{.Status}}'")).toMatch(
      /^running Exited \(255\)/,
    );
    await wherry.terminal.does("docker rm running");
  });
});
