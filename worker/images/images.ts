import type { ImageListOptions, ImagePullOptions, ImageRemoveOptions } from "../api/types/backend.ts";
import type { AuthConfig, Filters, Platform } from "../api/types/common.ts";
import type { GraphDriver } from "../api/types/container.ts";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ImagesPruneReport,
} from "../api/types/image.ts";
import type { CreateSha256 } from "../archive/sha256.ts";
import type { Resolver } from "../distribution/resolver.ts";
import { invalidParameter, isEngineError } from "../errdefs/errors.ts";
import { readWhole } from "../internal/bytes.ts";
import type { Clock } from "../internal/clock.ts";
import { booleanFilter, checkFilterNames, matchesLabels } from "../internal/filters.ts";
import { pruneUntil } from "../internal/until.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { imageConfigLimit, parseImageConfig } from "../oci/image-config.ts";
import { parseManifestOrIndex } from "../oci/manifest.ts";
import { normalizePlatform } from "../oci/platform.ts";
import {
  familiarName,
  familiarString,
  formatReference,
  parseNormalizedNamed,
  type Reference,
  tagNameOnly,
  withDigest,
  withTag,
} from "../reference/reference.ts";
import { checkPlatform } from "./choose-manifest.ts";
import { imageHistory, inspectImage, repoNames } from "./image-inspect.ts";
import { listImages } from "./image-list.ts";
import { ImageRemoval } from "./image-removal.ts";
import type { Image, ImageStore, ImageUsers } from "./image-store.ts";
import type { Puller } from "./puller.ts";

export interface ImagesComponents {
  readonly store: ImageStore;
  readonly puller: Pick<Puller, "pull">;
  readonly resolver: Pick<Resolver, "resolve">;
  readonly users: ImageUsers;
  readonly clock: Pick<Clock, "now">;
  readonly createSha256: CreateSha256;
  /** What the machine runs, best first. */
  readonly platforms: readonly Platform[];
  readonly graphDriver: GraphDriver;
  readonly events: {
    publish(type: "image", action: string, id: string, attributes: Readonly<Record<string, string>>): void;
  };
}

/** The part of the image API that does without a builder: what `docker pull`, `images`, `rmi`, `tag` and their kin ask for. */
export class Images {
  readonly #components: ImagesComponents;
  readonly #removal: ImageRemoval;

  constructor(components: ImagesComponents) {
    this.#components = components;
    const { store, users, createSha256 } = components;
    this.#removal = new ImageRemoval({
      images: store,
      users,
      createSha256,
      publish: (action, id) => this.#publish(action, id, id),
    });
  }

  async pull(options: ImagePullOptions): Promise<void> {
    const reference = pullReference(options.image, options.tag);
    await this.#components.puller.pull({
      reference,
      platforms: this.#wanted(options.platform),
      onProgress: options.onProgress,
      signal: options.signal,
      ...(options.auth ? { auth: options.auth } : {}),
    });
    const pulled = this.#components.store.lookUp(reference);
    this.#components.events.publish(
      "image",
      "pull",
      familiarString(reference),
      await this.#attributes(pulled, familiarName(reference)),
    );
  }

  async list(options: ImageListOptions): Promise<readonly ImageSummary[]> {
    const { store, users, clock } = this.#components;
    return listImages({ store, users, now: clock.now() }, options);
  }

  async inspect(name: string, options: { readonly platform?: Platform } = {}): Promise<ImageInspect> {
    const image = await this.#find(name, options.platform);
    return inspectImage(image, this.#components.store.referencesOf(image.id), this.#components.graphDriver);
  }

  async history(name: string, options: { readonly platform?: Platform } = {}): Promise<readonly ImageHistoryItem[]> {
    const { store } = this.#components;
    const image = await this.#find(name, options.platform);
    const parents: Image[] = [];
    for (let parent = image.record.parent; parent && store.find(parent); parent = store.find(parent)?.parent) {
      parents.push(await store.image(parent));
    }
    return imageHistory(image, (id) => repoNames(store.referencesOf(id)).RepoTags, parents);
  }

  async tag(name: string, target: { readonly repo: string; readonly tag: string }): Promise<void> {
    const { store, clock } = this.#components;
    const parsed = parseNormalizedNamed(target.repo);
    const reference = tagNameOnly(target.tag === "" ? parsed : withTag(parsed, target.tag));
    const id = store.resolveId(name);
    await store.tag(id, reference, clock.now().toISOString());
    await this.#publish("tag", id, familiarString(reference));
  }

  async remove(name: string, options: ImageRemoveOptions): Promise<readonly ImageDeleteItem[]> {
    return this.#removal.remove(name, options);
  }

  /** Removes nameless images that nothing uses; with `dangling=false` all that no container uses. */
  async prune({
    filters,
    signal,
  }: {
    readonly filters: Filters;
    readonly signal?: AbortSignal;
  }): Promise<ImagesPruneReport> {
    checkFilterNames(filters, ["dangling", "label", "label!", "until"]);
    const onlyDangling = booleanFilter(filters, "dangling", true);
    const { store, clock, events } = this.#components;
    const until = pruneUntil(filters, clock.now());
    const deleted: ImageDeleteItem[] = [];
    let reclaimed = 0;
    for (const image of await store.sound()) {
      if (signal?.aborted) break;
      const { id } = image;
      if (!store.find(id)) continue;
      const labels = image.config.config.labels ?? {};
      const created = Date.parse(image.config.created ?? "");
      const unwanted = (filters.get("label!") ?? []).some((label) => matchesLabels(labels, [label]));
      if (unwanted || !matchesLabels(labels, filters.get("label")) || (until !== undefined && created > until))
        continue;
      const before = store.layersSize();
      deleted.push(...(await this.#pruneOne(id, onlyDangling)));
      reclaimed += before - store.layersSize();
    }
    events.publish("image", "prune", "", { reclaimed: String(reclaimed) });
    return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  }

  /** What a registry says about a reference, for `docker manifest inspect` and its kin. */
  async distribution(
    name: string,
    options: { readonly auth?: AuthConfig; readonly signal?: AbortSignal } = {},
  ): Promise<DistributionInspect> {
    const reference = tagNameOnly(parseNormalizedNamed(name));
    const { repository, digest, bytes } = await this.#components.resolver.resolve(reference, options);
    const manifest = bytes ?? (await repository.manifest(digest, options.signal)).bytes;
    const document = parseManifestOrIndex(manifest);
    const Descriptor = { mediaType: document.mediaType, digest, size: manifest.length };
    if (document.kind === "index") {
      return {
        Descriptor,
        Platforms: document.manifests.flatMap(({ platform }) => (platform ? [platformJson(platform)] : [])),
      };
    }
    const { pieces } = await repository.blob(document.config, 0, options.signal);
    const tooLarge = () => invalidParameter(`image config is larger than ${imageConfigLimit} bytes`);
    const config = parseImageConfig(await readWhole(pieces, imageConfigLimit, tooLarge));
    return { Descriptor, Platforms: [platformJson(config.platform)] };
  }

  async #find(name: string, platform: Platform | undefined): Promise<Image> {
    const image = await this.#components.store.resolve(name);
    if (platform) checkPlatform(image.config.platform, this.#wanted(platform), name);
    return image;
  }

  /** What suits a platform that a user named, or the machine; of an operating system alone, what the machine runs of it. */
  #wanted(platform: Platform | undefined): readonly Platform[] {
    const { platforms } = this.#components;
    if (!platform) return platforms;
    if (platform.architecture !== "") return [platform];
    return platforms.map((own) => ({ ...own, os: platform.os }));
  }

  async #pruneOne(id: Digest, onlyDangling: boolean): Promise<readonly ImageDeleteItem[]> {
    const { store } = this.#components;
    const references = store.referencesOf(id);
    if (references.length === 0) return store.childrenOf(id).length > 0 ? [] : this.#tryRemove(id);
    if (onlyDangling && references.some(({ digest }) => !digest)) return [];
    const items: ImageDeleteItem[] = [];
    for (const reference of references) {
      if (store.lookUp(reference) === id) items.push(...(await this.#tryRemove(formatReference(reference))));
    }
    return items;
  }

  /** What is in use stays, and is no error. */
  async #tryRemove(name: string): Promise<readonly ImageDeleteItem[]> {
    try {
      return await this.#removal.remove(name, { force: false, prune: true });
    } catch (error) {
      if (isEngineError(error, "Conflict") || isEngineError(error, "NotFound")) return [];
      throw error;
    }
  }

  async #publish(action: "tag" | "untag" | "delete", id: Digest, name: string): Promise<void> {
    this.#components.events.publish("image", action, id, await this.#attributes(id, name));
  }

  /** What an event carries: the image's labels, as long as it is there, and a name. */
  async #attributes(id: Digest | undefined, name: string): Promise<Readonly<Record<string, string>>> {
    const { store } = this.#components;
    const image = (await store.sound()).find((each) => each.id === id);
    return { ...image?.config.config.labels, name };
  }
}

/** The reference of `POST /images/create`, whose `tag` may be a digest. Without either it stands for all tags. */
function pullReference(image: string, tag: string): Reference {
  if (image === "") throw invalidParameter("invalid reference format");
  const reference = parseNormalizedNamed(image);
  if (familiarName(reference) === "scratch") throw invalidParameter("'scratch' is a reserved name");
  if (tag === "") return reference;
  if (isDigest(tag)) return withDigest(reference, tag);
  const tagged = withTag(reference, tag);
  return reference.digest ? { ...tagged, digest: reference.digest } : tagged;
}

function platformJson(platform: Platform) {
  const { os, architecture, variant } = normalizePlatform(platform);
  return { architecture, os, ...(variant ? { variant } : {}) };
}
