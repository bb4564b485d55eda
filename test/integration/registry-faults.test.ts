import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { busyboxLayer } from "../support/bundled-image.node.ts";
import { fail, type RegistryDouble, serve, startRegistryDouble } from "../support/registry-double.node.ts";
import {
  blob,
  buildImage,
  buildImageOf,
  digestOf,
  type TestImage,
  type TestTarEntry,
  tarOf,
  tarOfEntries,
} from "../support/registry-image.node.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
let registry: RegistryDouble;
let base: Uint8Array;
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  [registry, base] = await Promise.all([startRegistryDouble(), busyboxLayer()]);
  daemon = await startDaemon({ flags: ["--no-bundled-registry", "--registry-mirror", `http://${registry.host}`] });
});
afterEach(async () => {
  registry.answer = () => false;
  registry.requests.length = 0;
  const { stdout } = await docker("images", "-aq");
  if (stdout !== "") await docker("rmi", "-f", ...stdout.trim().split("\n"));
});
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

/** Neither an image nor a layer nor a container is there, and nothing is being brought in. */
async function nothingIsThere(): Promise<void> {
  const { json } = await callApi(daemon.host, "GET", "/system/df");
  expect(json).toMatchObject({ LayersSize: 0, Images: [], Containers: [] });
}

// Random bytes don't compress: the layer is long enough to be broken off half-way.
const noise = createHash("shake256", { outputLength: 400_000 }).update("noise").digest();
const sound = () => buildImage({ layers: [{ noise }, { which: "sound" }] });
const isManifest = (request: IncomingMessage) => request.url?.includes("/manifests/") ?? false;
const isLayer = (request: IncomingMessage, image: TestImage) =>
  request.url?.endsWith(image.layers[0]?.digest ?? "") ?? false;

describe("a registry that refuses", () => {
  const answers: [number, string, string, string][] = [
    [403, "DENIED", "requested access to the resource is denied", "Error response from daemon: denied"],
    [404, "MANIFEST_UNKNOWN", "manifest unknown", "Error response from daemon: manifest unknown"],
    [
      404,
      "NAME_UNKNOWN",
      "no such repository",
      "Error response from daemon: repository HOST/app not found: name unknown",
    ],
    [429, "TOOMANYREQUESTS", "slow down", "Error response from daemon: toomanyrequests: slow down"],
    [
      500,
      "UNKNOWN",
      "broken",
      "Error response from daemon: received unexpected HTTP status: 500 Internal Server Error",
    ],
  ];
  it.each(answers)("with %i %s: %s", async (status, code, message, expected) => {
    registry.add("app:1", sound());
    registry.answer = (request, response) => isManifest(request) && fail(response, status, code, message);
    const outcome = await daemon.docker(["pull", `${registry.host}/app:1`], { input: "" });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(expected.replace("HOST", registry.host));
    await nothingIsThere();
  });

  it("with 401: the docker command may ask for a password then", async () => {
    registry.add("app:1", sound());
    registry.answer = (request, response) =>
      isManifest(request) && fail(response, 401, "UNAUTHORIZED", "authentication required");
    const path = `/images/create?fromImage=${encodeURIComponent(`${registry.host}/app`)}&tag=1`;
    const { status, json } = await callApi(daemon.host, "POST", path);
    expect([status, json]).toEqual([401, { message: "unauthorized" }]);
    await nothingIsThere();
  });

  it("a layer: nothing of the others stays", async () => {
    const image = sound();
    registry.add("app:1", image);
    registry.answer = (request, response) => isLayer(request, image) && fail(response, 404, "BLOB_UNKNOWN", "gone");
    const { code, stderr } = await docker("pull", `${registry.host}/app:1`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "unknown blob\n" });
    await nothingIsThere();
  });
});

describe("a registry that is broken", () => {
  it("is heard out again where a 500 was an accident", async () => {
    registry.add("app:1", sound());
    let failures = 1;
    registry.answer = (request, response) =>
      request.method === "GET" && isManifest(request) && failures-- > 0 && fail(response, 500, "UNKNOWN", "busy");
    expect((await docker("pull", "-q", `${registry.host}/app:1`)).code).toBe(0);
    expect((await docker("rmi", `${registry.host}/app:1`)).code).toBe(0);
    await nothingIsThere();
  });

  it("and closes half-way: the pull goes on where it stopped", async () => {
    const image = sound();
    const [layer] = image.layers;
    registry.add("app:1", image);
    let closed = 0;
    registry.answer = (request, response) => {
      if (!layer || !isLayer(request, image) || closed++ > 0) return false;
      response.writeHead(200, { "content-length": layer.bytes.length });
      response.write(layer.bytes.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 100));
      return true;
    };
    expect((await docker("pull", "-q", `${registry.host}/app:1`)).code).toBe(0);
    expect(closed).toBe(2);
    await docker("rmi", `${registry.host}/app:1`);
    await nothingIsThere();
  });

  it("and sends other bytes than the digest says", async () => {
    const image = sound();
    const [layer] = image.layers;
    registry.add("app:1", image);
    registry.answer = (request, response) => {
      if (!layer || !isLayer(request, image)) return false;
      const bytes = Buffer.from(layer.bytes);
      bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1;
      return serve(request, response, { ...layer, bytes });
    };
    const { code, stderr } = await docker("pull", `${registry.host}/app:1`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `filesystem layer verification failed for digest ${layer?.digest}\n`,
    });
    await nothingIsThere();
  });

  it.each(["under the digest that was asked for", "under its own digest"])(
    "and sends another manifest than was asked for, %s",
    async (how) => {
      const [one, two] = [sound(), buildImage({ layers: [{ other: "x" }] })];
      registry.add("app:1", one);
      const { digest } = how.includes("own") ? two.manifest : one.manifest;
      registry.answer = (request, response) =>
        isManifest(request) && serve(request, response, { ...two.manifest, digest });
      const { code, stderr } = await docker("pull", `${registry.host}/app@${one.manifest.digest}`);
      expect(code).toBe(1);
      expect(stderr).toContain(`manifest verification failed for digest ${one.manifest.digest}`);
      await nothingIsThere();
    },
  );

  it("and hangs: who gives up leaves nothing behind", async () => {
    const image = sound();
    const [layer] = image.layers;
    registry.add("app:1", image);
    let hanging: ServerResponse | undefined;
    const asked = new Promise<void>((resolve) => {
      registry.answer = (request, response) => {
        if (!layer || !isLayer(request, image)) return false;
        hanging = response;
        response.writeHead(200, { "content-length": layer.bytes.length });
        response.write(layer.bytes.subarray(0, 1000));
        resolve();
        return true;
      };
    });
    const client = spawn("docker", ["pull", `${registry.host}/app:1`], {
      env: { ...process.env, DOCKER_HOST: daemon.host },
      stdio: "ignore",
    });
    await asked;
    const closed = new Promise((resolve) => hanging?.once("close", resolve));
    client.kill("SIGINT");
    await closed;
    await expect
      .poll(async () => (await callApi(daemon.host, "GET", "/system/df")).json)
      .toMatchObject({ LayersSize: 0 });
    await nothingIsThere();
  });

  it("and inflates a few bytes to no end", async () => {
    const bytes = zstdBomb(4 << 30);
    const type = "application/vnd.oci.image.layer.v1.tar+zstd";
    registry.add("bomb:1", buildImageOf([{ blob: blob(type, bytes), diffId: digestOf(new Uint8Array(0)) }]));
    const { code, stderr } = await docker("pull", `${registry.host}/bomb:1`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed to register layer: /);
    await nothingIsThere();
    expect((await docker("version", "-f", "{{.Server.Os}}")).stdout).toBe("linux\n");
  });
});

/** `size` zeros in blocks of four bytes for 128 KiB each (RFC 8878, section 3.1.1.2). */
function zstdBomb(size: number): Uint8Array {
  const length = 128 * 1024;
  const header = (length << 3) | (1 << 1);
  const block = Uint8Array.of(header & 255, (header >> 8) & 255, (header >> 16) & 255, 0);
  const blocks = Array.from({ length: Math.ceil(size / length) }, () => block);
  return Buffer.concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58), ...blocks]);
}

describe("a hostile layer", () => {
  const pullAndList = async (entries: readonly TestTarEntry[], script: string) => {
    registry.add("hostile:1", buildImage({ layers: [{ tar: base }, { tar: tarOfEntries(entries) }] }));
    const pulled = await docker("pull", "-q", `${registry.host}/hostile:1`);
    if (pulled.code !== 0) return pulled.stderr;
    const { stdout, stderr } = await docker("run", "--rm", `${registry.host}/hostile:1`, "sh", "-c", script);
    await docker("rmi", "-f", `${registry.host}/hostile:1`);
    return stdout + stderr;
  };

  it.each([
    ["a path that climbs out", [{ name: "../../escaped", contents: "x" }], /^failed to register layer: /],
    [
      "a symlink that climbs out, and a file behind it",
      [
        { name: "way", type: "2", link: "../../../../tmp" },
        { name: "way/escaped", contents: "x" },
      ],
      /^failed to register layer: /,
    ],
    [
      "a hard link to what is outside",
      [{ name: "passwd", type: "1", link: "../../etc/passwd" }],
      /^failed to register layer: /,
    ],
    [
      "the same name twice",
      [
        { name: "twice", contents: "1" },
        { name: "twice", contents: "2" },
      ],
      /^failed to register layer: duplicates of file paths not supported/,
    ],
  ] as const)("with %s is refused", async (_, entries, message) => {
    expect(await pullAndList(entries, "true")).toMatch(message);
    await nothingIsThere();
  });

  it("that ends in the middle of a file is refused", async () => {
    const tar = tarOf({ file: "x".repeat(9000) }).slice(0, 3000);
    registry.add("short:1", buildImage({ layers: [{ tar: base }, { tar }] }));
    expect((await docker("pull", "-q", `${registry.host}/short:1`)).stderr).toMatch(/^failed to register layer: /);
    await nothingIsThere();
  });

  it("with an absolute symlink, and a file behind it, stays in the container", async () => {
    const entries = [
      { name: "inside/" },
      { name: "way", type: "2", link: "/inside" },
      { name: "way/file", contents: "kept in" },
    ];
    expect(await pullAndList(entries, "readlink /way; cat /inside/file; ls -A /inside")).toBe("/inside\nkept infile\n");
  });

  it("with a device gives one that its container may not open", async () => {
    const entries = [{ name: "mem", type: "3" }];
    expect(await pullAndList(entries, "ls -l /mem | cut -c1; head -c1 /mem")).toMatch(
      /^c\nhead: \/mem: (Operation not permitted|Permission denied)\n$/,
    );
  });
});

describe("without the bundled registry", () => {
  it("its images are asked of the mirror, and docker info does not name it", async () => {
    const image = buildImage({ layers: [{ tar: base }] });
    registry.add("library/busybox:latest", image);
    await docker("pull", "-q", "busybox");
    expect((await docker("image", "inspect", "-f", "{{.Id}}", "busybox")).stdout.trim()).toBe(image.config.digest);
    expect((await docker("info")).stdout).not.toContain("bundled");
    await docker("rmi", "busybox");
  });
});
