import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";
import { type RegistryDouble, startRegistryDouble } from "../support/registry-double.node.ts";
import { buildImage } from "../support/registry-image.node.ts";
import { openPage, type WherryPage } from "../support/wherry-page.ts";

const megabyte = 1_000_000;
// Random bytes don't compress. Unpacked they need their room once more.
const noise = (seed: string, size: number) => createHash("shake256", { outputLength: size }).update(seed).digest();

let registry: RegistryDouble;
let server: PageServer;
let browser: Browser;
let wherry: WherryPage;

beforeAll(async () => {
  registry = await startRegistryDouble();
  registry.add("team/small:latest", buildImage({ layers: [{ small: noise("small", 100_000) }] }));
  registry.add(
    "team/large:latest",
    buildImage({ layers: [{ one: noise("1", 4 * megabyte) }, { two: noise("2", 30 * megabyte) }] }),
  );
  server = await startPageServer(["--allow-registry", registry.host]);
  browser = await openBrowser();
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  // Before the page is there: Chromium remembers for a while how much room it has found.
  await session.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: 20 * megabyte });
  wherry = await openPage(browser.context, server.origin);
  await wherry.terminal.ready();
});
afterAll(async () => {
  await browser?.close();
  await registry?.stop();
  await server?.stop();
});

/** Takes all the room that is left, as another application of this origin could. */
const fill = () =>
  wherry.page.evaluate(async () => {
    const request = indexedDB.open("filler");
    request.onupgradeneeded = () => request.result.createObjectStore("filler");
    const database = await new Promise<IDBDatabase>((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
    let key = 0;
    for (let size = 65_536; size > 256; ) {
      const fits = await new Promise((resolve) => {
        const transaction = database.transaction("filler", "readwrite", { durability: "strict" });
        transaction.objectStore("filler").put(crypto.getRandomValues(new Uint8Array(size)), key++);
        transaction.oncomplete = () => resolve(true);
        transaction.onabort = () => resolve(false);
      });
      if (!fits) size >>= 2;
    }
    database.close();
  });
const unfill = () =>
  wherry.page.evaluate(
    () =>
      new Promise((resolve) => {
        indexedDB.deleteDatabase("filler").onsuccess = resolve;
      }),
  );

const used = () => wherry.page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
const image = (name: string) => `${registry.host}/team/${name}`;

test("an image that is larger than the room there is leaves nothing, and the page goes on", async () => {
  await wherry.terminal.does(`docker pull -q ${image("small")}`);
  const before = await used();
  const { code, screen } = await wherry.terminal.run(`docker pull ${image("large")}`);
  expect(code).toBe(1);
  expect(screen).toMatch(/\n(?:failed to register layer: )?no space left on device$/);
  expect(await wherry.terminal.does("docker images -a --format '{{.Repository}}'")).toBe(image("small"));
  await expect.poll(used).toBeLessThan(before + megabyte);
  expect(await wherry.terminal.does("docker run --rm -q busybox echo works")).toBe("works");
});

test("with no room for a record, a change is refused, and what is there can be read and removed", async () => {
  await fill();
  const refused = "Error response from daemon: no space left on device";
  expect(await wherry.terminal.run(`docker tag ${image("small")} again`)).toEqual({ code: 1, screen: refused });
  expect((await wherry.terminal.run("docker run --rm busybox true")).screen).toContain(`docker: ${refused}`);
  expect(await wherry.terminal.does("docker ps -aq; echo $(docker images --format '{{.Repository}}' | sort)")).toBe(
    `${image("small")} busybox`,
  );
  expect(await wherry.terminal.does(`docker rmi ${image("small")}`)).toContain(`Untagged: ${image("small")}:latest`);
  await unfill();
  expect(await wherry.terminal.does("docker run --rm busybox echo works")).toBe("works");
  await wherry.page.reload();
  await wherry.terminal.ready();
  expect(await wherry.terminal.does("docker images -a --format '{{.Repository}}'")).toBe("busybox");
});
