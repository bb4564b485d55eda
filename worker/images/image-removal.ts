import type { ImageRemoveOptions } from "../api/types/backend.ts";
import type { ImageDeleteItem } from "../api/types/image.ts";
import type { CreateSha256 } from "../archive/sha256.ts";
import { conflict, type EngineError } from "../errdefs/errors.ts";
import { Lock } from "../internal/lock.ts";
import { type Digest, digestHex, shortId } from "../oci/digest.ts";
import {
  familiarString,
  parseNormalizedNamed,
  type Reference,
  tagNameOnly,
  trimNamed,
  withDigest,
} from "../reference/reference.ts";
import { chainIds } from "../snapshots/chain-id.ts";
import type { ImageStore, ImageUsers } from "./image-store.ts";

export interface ImageRemovalComponents {
  readonly images: ImageStore;
  readonly users: ImageUsers;
  readonly createSha256: CreateSha256;
  /** Publishes an event of the image. */
  readonly publish: (action: "untag" | "delete", id: Digest) => Promise<void>;
}

/** A hard conflict holds even with force; `used` says that a container is the reason. */
interface Conflict {
  readonly hard: boolean;
  readonly used: boolean;
  readonly reason: string;
}

/**
 * Removes names and images by the rules of `docker rmi`: a name is taken away first; the image goes when no name is left,
 * unless something needs it.
 */
export class ImageRemoval {
  readonly #components: ImageRemovalComponents;
  /** What one removal takes away another must not find. */
  readonly #lock = new Lock();

  constructor(components: ImageRemovalComponents) {
    this.#components = components;
  }

  /** Rejects with `NotFound`, or with `Conflict` in Docker's words. */
  remove(name: string, options: ImageRemoveOptions): Promise<readonly ImageDeleteItem[]> {
    return this.#lock.run(() => this.#remove(name, options));
  }

  async #remove(name: string, options: ImageRemoveOptions): Promise<readonly ImageDeleteItem[]> {
    const { images } = this.#components;
    const id = images.resolveId(name);
    const items: ImageDeleteItem[] = [];
    if (!isIdPrefix(id, name)) {
      const ended = await this.#removeName(id, name, options, items);
      if (!ended) await this.#removeImage(id, { ...options, quiet: true }, items);
      return items;
    }
    const references = images.referencesOf(id);
    if (isSingleReference(references)) {
      this.#refuse(id, this.#conflictOf(id, options.force ? ["hard"] : ["hard", "stopped"]));
      await this.#untag(id, references, items, references.length);
    }
    await this.#removeImage(id, { ...options, quiet: false }, items);
    return items;
  }

  /** Answers whether that was all: other names keep the image. */
  async #removeName(
    id: Digest,
    name: string,
    { force }: ImageRemoveOptions,
    items: ImageDeleteItem[],
  ): Promise<boolean> {
    const { images, users } = this.#components;
    const references = images.referencesOf(id);
    const [container] = users.containersOf(id);
    if (!force && container && isSingleReference(references)) {
      throw conflict(
        `conflict: unable to remove repository reference "${name}" (must force) - container ${container.id.slice(0, 12)} is using its referenced image ${shortId(id)}`,
      );
    }
    const parsed = parseNormalizedNamed(name);
    const target = parsed.digest ? withDigest(parsed, parsed.digest) : tagNameOnly(parsed);
    const left = references.filter((reference) => familiarString(reference) !== familiarString(target));
    const sameRepository = left.filter((reference) => isSameRepository(reference, target));
    // Without a tag, digests of the same repository would only keep what nobody can name.
    const stale = target.digest || sameRepository.some(({ digest }) => !digest) ? [] : sameRepository;
    await this.#untag(id, [target, ...stale], items, 1);
    return left.length > stale.length;
  }

  /** `quiet`: an image that something needs is left, and that is all. */
  async #removeImage(
    id: Digest,
    options: ImageRemoveOptions & { readonly quiet: boolean },
    items: ImageDeleteItem[],
  ): Promise<void> {
    const { images, createSha256, publish } = this.#components;
    const found = this.#conflictOf(id, options.force ? ["hard"] : ["hard", "referenced", "stopped"]);
    if (found) {
      const dangling = images.referencesOf(id).length === 0 && images.childrenOf(id).length === 0;
      if (options.quiet && (!dangling || found.used)) return;
      this.#refuse(id, found);
    }
    const record = images.find(id);
    if (!record) return;
    const rest = images.referencesOf(id);
    const chain = await chainIds(
      record.layers.map(({ diffId }) => diffId),
      createSha256,
    );
    const gone = new Set(await images.remove(id));
    for (const reference of rest) items.push({ Untagged: familiarString(reference) });
    await publish("delete", id);
    items.push({ Deleted: id });
    const freed = chain.filter((_, index) => gone.has(record.layers[index]?.diffId ?? id));
    for (const layer of freed.reverse()) items.push({ Deleted: layer });
    if (options.prune && record.parent && images.find(record.parent)) {
      await this.#removeImage(record.parent, { force: false, prune: true, quiet: true }, items);
    }
  }

  /** Docker publishes one event for a name, whatever digests go with it. */
  async #untag(id: Digest, references: readonly Reference[], items: ImageDeleteItem[], events: number): Promise<void> {
    await this.#components.images.untag(references);
    for (let count = 0; count < events; count += 1) await this.#components.publish("untag", id);
    for (const reference of references) items.push({ Untagged: familiarString(reference) });
  }

  #conflictOf(id: Digest, kinds: readonly ("hard" | "referenced" | "stopped")[]): Conflict | undefined {
    const { images, users } = this.#components;
    const containers = users.containersOf(id);
    const running = containers.find((container) => container.running);
    const stopped = containers.find((container) => !container.running);
    if (images.childrenOf(id).length > 0)
      return { hard: true, used: false, reason: "image has dependent child images" };
    if (running) {
      return { hard: true, used: true, reason: `image is being used by running container ${running.id.slice(0, 12)}` };
    }
    if (kinds.includes("referenced") && images.referencesOf(id).length > 0) {
      return { hard: false, used: false, reason: "image is referenced in multiple repositories" };
    }
    if (kinds.includes("stopped") && stopped) {
      return { hard: false, used: true, reason: `image is being used by stopped container ${stopped.id.slice(0, 12)}` };
    }
    return undefined;
  }

  #refuse(id: Digest, found: Conflict | undefined): void {
    if (found) throw conflictError(id, found);
  }
}

function conflictError(id: Digest, { hard, reason }: Conflict): EngineError {
  return conflict(`conflict: unable to delete ${shortId(id)} (${hard ? "cannot" : "must"} be forced) - ${reason}`);
}

function isIdPrefix(id: Digest, name: string): boolean {
  return digestHex(id).startsWith(name.startsWith("sha256:") ? name.slice("sha256:".length) : name);
}

function isSameRepository(a: Reference, b: Reference): boolean {
  return familiarString(trimNamed(a)) === familiarString(trimNamed(b));
}

/** At most one tag, and no digest but of that repository. */
function isSingleReference(references: readonly Reference[]): boolean {
  if (references.length <= 1) return true;
  const tags = references.filter(({ digest }) => !digest);
  if (tags.length > 1) return false;
  const digests = references.filter(({ digest }) => digest);
  const [single] = tags.length > 0 ? tags : digests;
  return (
    single !== undefined && digests.length > 0 && digests.every((reference) => isSameRepository(reference, single))
  );
}
