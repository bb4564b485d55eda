import type { ImageListOptions, ImagePullOptions, ImageRemoveOptions } from "./types/backend.ts";
import type { AuthConfig, Filters, Platform } from "./types/common.ts";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ImagesPruneReport,
} from "./types/image.ts";

/** What the image router consumes. `name` is a reference as the user wrote it, an ID or an unambiguous prefix of an ID. */
export interface ImageBackend {
  list(options: ImageListOptions): Promise<readonly ImageSummary[]>;
  /** `NotFound` ("No such image: NAME"). */
  inspect(name: string, options?: { readonly platform?: Platform }): Promise<ImageInspect>;
  history(name: string, options?: { readonly platform?: Platform }): Promise<readonly ImageHistoryItem[]>;
  /** `repo` and `tag` as the client sent them; `tag` may be empty. */
  tag(name: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(name: string, options: ImageRemoveOptions): Promise<readonly ImageDeleteItem[]>;
  /** Progress that was reported before an error makes the answer a 200 with the error in its last line. */
  pull(options: ImagePullOptions): Promise<void>;
  prune(options: { readonly filters: Filters; readonly signal?: AbortSignal }): Promise<ImagesPruneReport>;
  /** What a registry says about a reference, without pulling it. */
  distribution(
    name: string,
    options: { readonly auth?: AuthConfig; readonly signal?: AbortSignal },
  ): Promise<DistributionInspect>;
}
