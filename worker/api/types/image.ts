import type { DescriptorJson, Labels, NameSet, Timestamp } from "./common.ts";
import type { ContainerConfig, GraphDriver } from "./container.ts";

/** One entry of `GET /images/json`. */
export interface ImageSummary {
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Id: string;
  readonly Labels: Labels | null;
  readonly ParentId: string;
  readonly Descriptor?: DescriptorJson;
  readonly RepoDigests: readonly string[];
  readonly RepoTags: readonly string[];
  /** -1 when not asked for. */
  readonly Containers: number;
  readonly SharedSize: number;
  /** Bytes of all layers, unpacked. */
  readonly Size: number;
}

/** `GET /images/{name}/json`. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created?: Timestamp;
  readonly DockerVersion: string;
  readonly Author: string;
  /** The OCI image config's `config`: only what the image says is there. */
  readonly Config: ImageConfig | null;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly OsVersion?: string;
  readonly Size: number;
  readonly GraphDriver: GraphDriver;
  readonly RootFS: { readonly Type: "layers"; readonly Layers?: readonly string[] };
  readonly Metadata: { readonly LastTagTime: Timestamp };
  readonly Descriptor?: DescriptorJson;
}

/** Docker's image config: the OCI one, and Docker's extensions to it. */
export interface ImageConfig extends Partial<ContainerConfig> {
  readonly ExposedPorts?: NameSet;
}

/** One entry of `GET /images/{name}/history`, newest first. */
export interface ImageHistoryItem {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
  readonly Size: number;
  readonly Comment: string;
}

/** One line of the answer to `DELETE /images/{name}`. */
export interface ImageDeleteItem {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

export interface ImagesPruneReport {
  readonly ImagesDeleted: readonly ImageDeleteItem[] | null;
  readonly SpaceReclaimed: number;
}

/** `GET /distribution/{name}/json`. */
export interface DistributionInspect {
  readonly Descriptor: DescriptorJson;
  readonly Platforms: readonly { readonly architecture: string; readonly os: string; readonly variant?: string }[];
}
