import type { Labels, Timestamp } from "./common.ts";

export interface Volume {
  readonly CreatedAt: Timestamp;
  readonly Driver: string;
  readonly Labels: Labels | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Labels | null;
  readonly Scope: "local" | "global";
  readonly Status?: Readonly<Record<string, unknown>>;
  /** Only in `GET /system/df`; -1 is unknown. */
  readonly UsageData?: { readonly RefCount: number; readonly Size: number };
}

export interface VolumeListResponse {
  readonly Volumes: readonly Volume[];
  readonly Warnings: readonly string[] | null;
}

/** Body of `POST /volumes/create`. An absent or empty name asks for an anonymous volume. */
export interface VolumeCreateRequest {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Labels;
  readonly Labels?: Labels;
}

export interface VolumesPruneReport {
  readonly VolumesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
