import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { sha256 } from "../setup/key.mjs";
import { writeTar } from "./tar.mjs";

const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};
const platform = { architecture: "386", os: "linux" };

/**
 * @typedef {object} BundledImage
 * @property {string} repository such as `docker.io/library/busybox`
 * @property {readonly string[]} tags
 * @property {readonly import("./tar.mjs").TarEntry[]} entries of its only layer
 * @property {string} created RFC 3339
 * @property {string} madeBy shown by `docker history`
 * @property {{ Cmd: string[], Env: string[], Labels: Record<string, string> }} config
 */

/** Writes a static OCI image layout (image-spec 1.1, image-layout.md): blobs, `oci-layout` and, last, `index.json`. */
export class OciLayout {
  #folder;
  /** @type {object[]} */
  #manifests = [];

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  /**
   * @param {BundledImage} image
   * @returns {Promise<number>} the compressed layer's size in bytes
   */
  async add({ repository, tags, entries, created, madeBy, config }) {
    const tar = writeTar(entries);
    const layer = await this.#blob(mediaTypes.layer, gzipSync(tar, { level: 9 }));
    const image = {
      ...platform,
      created,
      config,
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(tar)}`] },
      history: [{ created, created_by: madeBy }],
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: await this.#blob(mediaTypes.config, JSON.stringify(image)),
      layers: [layer],
    };
    const descriptor = await this.#blob(mediaTypes.manifest, JSON.stringify(manifest));
    for (const tag of tags) {
      const annotations = { "org.opencontainers.image.ref.name": `${repository}:${tag}` };
      this.#manifests.push({ ...descriptor, platform, annotations });
    }
    return layer.size;
  }

  async finish() {
    await writeFile(join(this.#folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: this.#manifests };
    await writeFile(join(this.#folder, "index.json"), JSON.stringify(index));
  }

  /**
   * @param {string} mediaType
   * @param {string | Uint8Array} content
   */
  async #blob(mediaType, content) {
    const bytes = Buffer.from(content);
    const digest = sha256(bytes);
    const folder = join(this.#folder, "blobs", "sha256");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  }
}
