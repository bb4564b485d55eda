import type { AuthConfig, Filters, Platform, ProgressListener } from "./types/common.ts";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSearchResult,
  ImageSummary,
  ImagesPruneReport,
} from "./types/image.ts";

/**
 * What the image router consumes. `name` is a reference as the user wrote it, an ID or an unambiguous prefix of an ID.
 * Long calls report progress; those reported before an error make the answer a 200 with the error in its last line.
 * An operation whose method is absent answers 501.
 */
export interface ImageBackend {
  list(options: ImageListOptions): Promise<readonly ImageSummary[]>;
  /** `NotFound` ("No such image: NAME"). */
  inspect(name: string, options?: { readonly platform?: Platform }): Promise<ImageInspect>;
  history(name: string, options?: { readonly platform?: Platform }): Promise<readonly ImageHistoryItem[]>;
  /** `repo` and `tag` as the client sent them; `tag` may be empty. */
  tag(name: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(
    name: string,
    options: { readonly force: boolean; readonly prune: boolean },
  ): Promise<readonly ImageDeleteItem[]>;
  pull(options: PullOptions): Promise<void>;
  push?(name: string, options: PushOptions): Promise<void>;
  /** Reads a tar (compressed or not) of `docker save` or an OCI layout. */
  load?(archive: ReadableStream<Uint8Array>, options: LoadOptions): Promise<void>;
  /** Tar stream of one or several images. */
  save?(
    names: readonly string[],
    options: { readonly platform?: Platform; readonly signal?: AbortSignal },
  ): Promise<ReadableStream<Uint8Array>>;
  /** `docker import` from the body. */
  import?(archive: ReadableStream<Uint8Array>, options: ImportOptions): Promise<void>;
  prune?(options: { readonly filters: Filters; readonly signal?: AbortSignal }): Promise<ImagesPruneReport>;
  search?(options: SearchOptions): Promise<readonly ImageSearchResult[]>;
  /** What a registry says about a reference, without pulling it. */
  distribution?(
    name: string,
    options: { readonly auth?: AuthConfig; readonly signal?: AbortSignal },
  ): Promise<DistributionInspect>;
}

export interface ImageListOptions {
  readonly all: boolean;
  readonly filters: Filters;
  readonly sharedSize: boolean;
  readonly digests: boolean;
}

export interface PullOptions {
  /** `fromImage` as the client sent it. */
  readonly image: string;
  /** Tag or digest; empty: all tags, unless `image` holds one. */
  readonly tag: string;
  readonly platform?: Platform;
  readonly auth?: AuthConfig;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface PushOptions {
  /** Empty: all tags. */
  readonly tag: string;
  readonly platform?: Platform;
  readonly auth?: AuthConfig;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface LoadOptions {
  readonly quiet: boolean;
  readonly platform?: Platform;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface ImportOptions {
  readonly repo: string;
  readonly tag: string;
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly platform?: Platform;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface SearchOptions {
  readonly term: string;
  readonly limit: number;
  readonly filters: Filters;
  readonly auth?: AuthConfig;
  readonly signal?: AbortSignal;
}
