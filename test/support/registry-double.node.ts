import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestBlob, TestImage } from "./registry-image.node.ts";

/** A registry in this process that can be made to misbehave. It serves what was added, unless `answer` takes the request. */
export interface RegistryDouble {
  readonly host: string;
  /** `METHOD PATH` of every request, in order. */
  readonly requests: string[];
  /** Headers of every request, in the same order. */
  readonly headers: IncomingMessage["headers"][];
  /** Takes a request by answering true. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  add(name: string, image: TestImage | TestBlob): void;
  stop(): Promise<void>;
}

export async function startRegistryDouble(): Promise<RegistryDouble> {
  const manifests = new Map<string, TestBlob>();
  const blobs = new Map<string, TestBlob>();
  const tagsOf = (repository: string) => {
    const prefix = `/v2/${repository}/manifests/`;
    const names = [...manifests.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
    return names.filter((name) => !name.includes(":")).sort();
  };
  const double: Omit<RegistryDouble, "host" | "stop"> = {
    requests: [],
    headers: [],
    answer: () => false,
    add(name, image) {
      const [repository = "", tag = "latest"] = name.split(":");
      const manifest = "manifest" in image ? image.manifest : image;
      manifests.set(`/v2/${repository}/manifests/${tag}`, manifest);
      manifests.set(`/v2/${repository}/manifests/${manifest.digest}`, manifest);
      if (!("manifest" in image)) return;
      for (const blob of [image.config, ...image.layers]) blobs.set(`/v2/${repository}/blobs/${blob.digest}`, blob);
    },
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    double.requests.push(`${request.method} ${request.url}`);
    double.headers.push(request.headers);
    if (double.answer(request, response)) return;
    const found = manifests.get(path) ?? blobs.get(path);
    const [, repository] = /^\/v2\/(.+)\/tags\/list$/.exec(path) ?? [];
    if (path === "/v2/") response.writeHead(200, { "docker-distribution-api-version": "registry/2.0" }).end("{}");
    else if (repository) response.end(JSON.stringify({ name: repository, tags: tagsOf(repository) }));
    else if (found) serve(request, response, found);
    else fail(response, 404, path.includes("/blobs/") ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN", "manifest unknown");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(double, { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop });
}

/** Answers with a registry's JSON error. */
export function fail(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ errors: [{ code, message, detail: null }] }));
  return true;
}

/** Serves bytes as a registry does, with ranges. */
export function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, digest, mediaType }: TestBlob,
): true {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, {
    "content-type": mediaType,
    "content-length": bytes.length - start,
    "docker-content-digest": digest,
    ...(start > 0 ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : bytes.subarray(start));
  return true;
}
