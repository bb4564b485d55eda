import type { Filters } from "./types/common.ts";
import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumesPruneReport } from "./types/volume.ts";

/** What the volume router consumes. */
export interface VolumeBackend {
  list(filters: Filters): Promise<VolumeListResponse>;
  /** `NotFound` ("get NAME: no such volume"). */
  inspect(name: string): Promise<Volume>;
  /** Answers the existing volume when there is one of that name with the same driver. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** `Conflict` ("remove NAME: volume is in use - [ID]"). */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  /** Anonymous volumes that nothing uses; all with the filter `all`. */
  prune(filters: Filters): Promise<VolumesPruneReport>;
}
