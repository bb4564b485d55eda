import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dist } from "./page-server.ts";

interface Manifest {
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[];
}

interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** The archive of the bundled busybox: programs that run in the guest, for images of the tests' own. */
export async function busyboxLayer(): Promise<Uint8Array> {
  const read = (digest: string) => readFile(join(dist, "images/blobs", digest.replace(":", "/")));
  const index: Index = JSON.parse(await readFile(join(dist, "images/index.json"), "utf8"));
  const entry = index.manifests.find(
    ({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === "docker.io/library/busybox:latest",
  );
  const manifest: Manifest = JSON.parse((await read(entry?.digest ?? "")).toString());
  const [layer] = manifest.layers;
  const bytes = await read(layer?.digest ?? "");
  return layer?.mediaType.endsWith("gzip") ? gunzipSync(bytes) : bytes;
}
