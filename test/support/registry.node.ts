import { type ChildProcess, spawn } from "node:child_process";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestBlob, TestImage } from "./registry-image.node.ts";

export * from "./registry-image.node.ts";

/** The real registry server of Debian's package docker-registry, on a free port of the loopback, with storage of its own. */
export interface RealRegistry {
  /** Such as `127.0.0.1:40123`. */
  readonly host: string;
  /** What the server wrote, for a test that wants to see the requests. */
  log(): string;
  stop(): Promise<void>;
}

export interface RealRegistryOptions {
  /** Basic auth: the lines of an htpasswd file with bcrypt hashes. */
  readonly htpasswd?: string;
}

const program = "docker-registry";

/** Whether the server is installed here. */
export async function hasRealRegistry(): Promise<boolean> {
  const places = (process.env.PATH ?? "").split(":").map((folder) => access(join(folder, program)));
  return Promise.any(places).then(
    () => true,
    () => false,
  );
}

export async function startRegistry(options: RealRegistryOptions = {}): Promise<RealRegistry> {
  const root = await mkdtemp(join(tmpdir(), "wherry-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  if (options.htpasswd) await writeFile(join(root, "htpasswd"), options.htpasswd);
  const auth = options.htpasswd ? `auth: {htpasswd: {realm: test, path: ${root}/htpasswd}}\n` : "";
  await writeFile(
    join(root, "config.yml"),
    `version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: ${root}/data}, delete: {enabled: true}}\nhttp: {addr: ${host}}\n${auth}`,
  );
  const child = spawn(program, ["serve", join(root, "config.yml")], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      log += bytes.toString();
    });
  }
  const stop = async () => {
    await ended(child);
    await rm(root, { recursive: true, force: true });
  };
  try {
    await answering(`http://${host}/v2/`, child);
  } catch (error) {
    await stop();
    throw new Error(`the registry did not start: ${log}`, { cause: error });
  }
  return { host, log: () => log, stop };
}

/** Pushes an image, or an index over images that were pushed, as `repository:tag`. */
export async function pushImage(host: string, name: string, image: TestImage, authorization?: string): Promise<void> {
  const [repository = "", tag = "latest"] = name.split(":");
  for (const blob of [image.config, ...image.layers]) await pushBlob(host, repository, blob, authorization);
  await pushManifest(host, `${repository}:${tag}`, image.manifest, authorization);
}

export async function pushManifest(
  host: string,
  name: string,
  manifest: TestBlob,
  authorization?: string,
): Promise<void> {
  const [repository = "", tag = "latest"] = name.split(":");
  await request(
    `http://${host}/v2/${repository}/manifests/${tag}`,
    "PUT",
    manifest.bytes,
    manifest.mediaType,
    authorization,
  );
}

async function pushBlob(host: string, repository: string, blob: TestBlob, authorization?: string): Promise<void> {
  const started = await request(
    `http://${host}/v2/${repository}/blobs/uploads/`,
    "POST",
    undefined,
    undefined,
    authorization,
  );
  const location = new URL(started.headers.get("location") ?? "", `http://${host}`);
  location.searchParams.set("digest", blob.digest);
  await request(location.href, "PUT", blob.bytes, "application/octet-stream", authorization);
}

async function request(
  url: string,
  method: string,
  body?: Uint8Array,
  type?: string,
  authorization?: string,
): Promise<Response> {
  const headers = { ...(type ? { "content-type": type } : {}), ...(authorization ? { authorization } : {}) };
  const response = await fetch(url, { method, headers, ...(body ? { body: Buffer.from(body) } : {}) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return response;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response) {
      await response.body?.cancel();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it does not answer");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}
