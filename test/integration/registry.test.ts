import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxLayer } from "../support/bundled-image.node.ts";
import {
  blob,
  buildImage,
  buildImageOf,
  buildIndex,
  digestOf,
  pushImage,
  pushManifest,
  type RealRegistry,
  startRegistry,
  type TestImage,
  tarOf,
} from "../support/registry.node.ts";
import { type RegistryDouble, startRegistryDouble } from "../support/registry-double.node.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

const oci = "application/vnd.oci.image.layer.v1.tar";
const command = { Cmd: ["cat", "/which"], Env: ["PATH=/bin"] };
// "wherry:secret"
const htpasswd = "wherry:$2y$04$1QQeSNv4ru7EzX55gzlIrec8eAMxqFs9TX0MY9CRGI52mlo4tFXH2\n";

let registry: RealRegistry;
let guarded: RealRegistry;
let mirror: RegistryDouble;
let daemon: Daemon;
let base: Uint8Array;
const started: Daemon[] = [];
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  [registry, guarded, mirror, base] = await Promise.all([
    startRegistry(),
    startRegistry({ htpasswd }),
    startRegistryDouble(),
    busyboxLayer(),
  ]);
  await pushImage(registry.host, "app:1", appOf("app"));
  await start();
});
afterAll(async () => {
  for (const each of started.reverse()) await each.stop();
  await Promise.all([registry?.stop(), guarded?.stop(), mirror?.stop()]);
});

async function start(dataRoot?: string): Promise<void> {
  const [, port] = registry.host.split(":");
  const flags = ["--registry-mirror", `http://${mirror.host}`, "--insecure-registry", `0.0.0.0:${port}`];
  daemon = await startDaemon({ flags, ...(dataRoot ? { dataRoot } : {}) });
  started.push(daemon);
}

/** An image that can run, of two layers: everybody's, and one that says which it is. */
function appOf(which: string, options: { readonly types?: "docker" | "oci"; readonly compression?: "none" } = {}) {
  return buildImage({ layers: [{ tar: base }, { which }], config: command, ...options });
}

/** How many blobs were fetched from the registry so far. */
function blobsFetched(): number {
  return new Set(registry.log().match(/"GET \/v2\/[^ ]+\/blobs\/[^\n]*/g)).size;
}

async function sizeOf(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)("du", ["-sb", folder]);
  return Number(stdout.split("\t")[0]);
}

describe("what a registry serves", () => {
  /** A zstd frame of raw blocks, which every decoder takes: RFC 8878, section 3.1.1. */
  const zstd = (bytes: Uint8Array): Uint8Array => {
    const parts: Uint8Array[] = [new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x58])];
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    parts.push(size);
    const step = 128 * 1024;
    for (let at = 0; at < bytes.length; at += step) {
      const piece = bytes.subarray(at, at + step);
      const header = (piece.length << 3) | (at + step >= bytes.length ? 1 : 0);
      parts.push(new Uint8Array([header & 255, (header >> 8) & 255, (header >> 16) & 255]), piece);
    }
    return Buffer.concat(parts);
  };
  const half = (bytes: Uint8Array, part: 0 | 1) => bytes.subarray(...(part === 0 ? [0, 5000] : [5000]));
  const layersOf = (which: string, type: string, pack: (tar: Uint8Array) => Uint8Array) =>
    [base, tarOf({ which })].map((tar) => ({ blob: blob(`${oci}${type}`, pack(tar)), diffId: digestOf(tar) }));

  const images: [string, () => TestImage][] = [
    ["schema2", () => appOf("schema2", { types: "docker" })],
    ["oci", () => appOf("oci", { types: "oci" })],
    ["uncompressed", () => appOf("uncompressed", { types: "oci", compression: "none" })],
    [
      "members",
      () =>
        buildImageOf(
          layersOf("members", "+gzip", (tar) => Buffer.concat([gzipSync(half(tar, 0)), gzipSync(half(tar, 1))])),
          command,
        ),
    ],
    ["zstd", () => buildImageOf(layersOf("zstd", "+zstd", zstd), command)],
  ];
  it.each(images)("is pulled and runs: %s", async (which, image) => {
    const built = image();
    await pushImage(registry.host, `kinds:${which}`, built);
    await docker("pull", "-q", `${registry.host}/kinds:${which}`);
    const outcome = await docker("run", "--rm", `${registry.host}/kinds:${which}`);
    expect(outcome).toEqual({ code: 0, stdout: which, stderr: "" });
    const id = await docker("image", "inspect", "-f", "{{.Id}}", `${registry.host}/kinds:${which}`);
    expect(id.stdout.trim()).toBe(built.config.digest);
  });

  it("is an index: the machine's platform is chosen", async () => {
    const amd = buildImage({ layers: [{ which: "amd64" }], architecture: "amd64" });
    const mine = appOf("386");
    for (const [tag, image] of [["a", amd] as const, ["b", mine] as const])
      await pushImage(registry.host, `multi:${tag}`, image);
    const index = buildIndex([
      ["linux/amd64", amd],
      ["linux/386", mine],
    ]);
    await pushManifest(registry.host, "multi:both", index);
    expect((await docker("run", "--rm", `${registry.host}/multi:both`)).stdout).toBe("386");
    const { stdout } = await docker("image", "inspect", "-f", "{{json .RepoDigests}}", `${registry.host}/multi:both`);
    expect(JSON.parse(stdout)).toContain(`${registry.host}/multi@${index.digest}`);
  });

  it("is an index without the machine's platform: it says what there is", async () => {
    const image = buildImage({ layers: [{ which: "arm" }], architecture: "arm64" });
    await pushImage(registry.host, "other:a", image);
    const index = buildIndex([
      ["linux/arm64", image],
      ["linux/amd64", image],
    ]);
    await pushManifest(registry.host, "other:index", index);
    const { code, stderr } = await docker("pull", `${registry.host}/other:index`);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "no matching manifest for linux/386 in the manifest list entries (there is: linux/amd64, linux/arm64)\n",
    );
    expect((await docker("images", "-q", `${registry.host}/other`)).stdout).toBe("");
  });
});

describe("docker pull -a", () => {
  it("brings all tags, and says at the end what became of them", async () => {
    await pushImage(registry.host, "all:1", appOf("all-1"));
    await pushImage(registry.host, "all:2", appOf("all-2"));
    const { code, stdout } = await docker("pull", "-a", `${registry.host}/all`);
    expect([code, stdout.match(/^\d: Pulling from all$/gm)?.sort()]).toEqual([
      0,
      ["1: Pulling from all", "2: Pulling from all"],
    ]);
    expect(stdout).toMatch(
      new RegExp(`Status: Downloaded newer image for ${registry.host}/all\n${registry.host}/all\n$`),
    );
    const tags = await docker("images", "--format", "{{.Tag}}", `${registry.host}/all`);
    expect(tags.stdout.trim().split("\n").sort()).toEqual(["1", "2"]);
    expect((await docker("pull", "-a", `${registry.host}/nosuch`)).stderr).toBe(
      `Error response from daemon: repository ${registry.host}/nosuch not found: name unknown: repository name not known to registry\n`,
    );
  });
});

describe("what is there already", () => {
  it("is not transferred again, also after the engine was started again", async () => {
    await docker("pull", "-q", `${registry.host}/app:1`);
    const before = blobsFetched();
    expect(before).toBeGreaterThan(0);
    const again = await docker("pull", `${registry.host}/app:1`);
    expect(again.stdout).toContain(`Status: Image is up to date for ${registry.host}/app:1`);
    await daemon.kill();
    await start(daemon.dataRoot);
    const later = await docker("pull", `${registry.host}/app:1`);
    expect(later.stdout).toContain(`Status: Image is up to date for ${registry.host}/app:1`);
    expect(blobsFetched()).toBe(before);
  });

  it("is shared by the images that have it, and freed with the last of them", async () => {
    const noise = Buffer.alloc(3_000_000, 1).map((_, index) => (index * index * 7919) >> 5);
    const first = buildImage({ layers: [{ noise }, { which: "first" }] });
    const second = buildImage({ layers: [{ noise }, { which: "second" }] });
    await pushImage(registry.host, "shared:1", first);
    await pushImage(registry.host, "shared:2", second);
    const none = await sizeOf(daemon.dataRoot);
    await docker("pull", "-q", `${registry.host}/shared:1`);
    const one = await sizeOf(daemon.dataRoot);
    const pulled = await docker("pull", `${registry.host}/shared:2`);
    expect(pulled.stdout).toContain("Already exists");
    const two = await sizeOf(daemon.dataRoot);
    expect(one - none).toBeGreaterThan(3_000_000);
    expect(two - one).toBeLessThan(200_000);
    await docker("rmi", `${registry.host}/shared:1`);
    expect(await sizeOf(daemon.dataRoot)).toBeGreaterThan(none + 3_000_000);
    await docker("rmi", `${registry.host}/shared:2`);
    expect((await sizeOf(daemon.dataRoot)) - none).toBeLessThan(100_000);
  });
});

describe("a registry that wants to know who asks", () => {
  it("is logged in to, and gives its images then", async () => {
    const authorization = `Basic ${Buffer.from("wherry:secret").toString("base64")}`;
    await pushImage(guarded.host, "private:1", appOf("private"), authorization);
    const refused = await docker("pull", `${guarded.host}/private:1`);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(
      `Error response from daemon: Head "http://${guarded.host}/v2/private/manifests/1": no basic auth credentials\n`,
    );

    const wrong = await daemon.docker(["login", "-u", "wherry", "--password-stdin", guarded.host], { input: "wrong" });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(
      `Error response from daemon: login attempt to http://${guarded.host}/v2/ failed with status: 401 Unauthorized`,
    );

    const login = await daemon.docker(["login", "-u", "wherry", "--password-stdin", guarded.host], { input: "secret" });
    expect(login).toMatchObject({ code: 0, stdout: "Login Succeeded\n" });
    expect((await docker("run", "--rm", `${guarded.host}/private:1`)).stdout).toBe("private");
  });
});

describe("where images come from", () => {
  it("a registry that is no loopback is asked over HTTP only when it was called insecure", async () => {
    const named = `0.0.0.0:${registry.host.split(":")[1]}`;
    expect((await docker("pull", "-q", `${named}/app:1`)).stdout).toBe(`${named}/app:1\n`);
    const other = `0.0.0.0:${guarded.host.split(":")[1]}`;
    const refused = await docker("pull", `${other}/app:1`);
    expect(refused.stderr).toContain(`Error response from daemon: Get "https://${other}/v2/": `);
    const { stdout } = await docker("info", "-f", "{{json .RegistryConfig.IndexConfigs}}");
    expect(JSON.parse(stdout)[named]).toMatchObject({ Secure: false });
  });

  it("the mirror is asked first, then the bundled registry", async () => {
    const mine = buildImage({ layers: [{ which: "of the mirror" }] });
    mirror.add("library/busybox:latest", mine);
    await docker("pull", "-q", "busybox");
    const id = async (name: string) => (await docker("image", "inspect", "-f", "{{.Id}}", name)).stdout.trim();
    expect(await id("busybox")).toBe(mine.config.digest);

    mirror.requests.length = 0;
    const greeting = await docker("run", "--rm", "hello-world");
    expect(greeting.stdout.trimStart()).toMatch(/^Hello from Docker!/);
    expect(mirror.requests.some((request) => request.includes("/v2/library/hello-world/manifests/latest"))).toBe(true);
  });

  it("docker info names the mirror and the bundled registry", async () => {
    const { stdout } = await docker("info");
    expect(stdout).toContain(`http://${mirror.host}/`);
    expect(stdout).toMatch(new RegExp(`wherry\\.bundled-registry=${join("/", ".*")}`));
  });
});
