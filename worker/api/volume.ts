import { errorMessage, invalidParameter, unavailable } from "../errdefs/errors.ts";
import { labels, string, struct } from "../internal/decode.ts";
import type { Routes } from "./api-call.ts";
import { readOptionalJson } from "./body.ts";
import { queryFilters } from "./filters.ts";
import { noSwarm } from "./not-built.ts";
import { queryBool } from "./query.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";
import type { Filters } from "./types/common.ts";
import type { VolumeCreateRequest } from "./types/volume.ts";
import { isBefore } from "./version.ts";
import type { VolumeBackend } from "./volume-backend.ts";

const volumeCreateRequest = struct<VolumeCreateRequest & { readonly ClusterVolumeSpec?: object }>(
  "volume.CreateOptions",
  {
    ClusterVolumeSpec: struct("volume.ClusterVolumeSpec", {}),
    Name: string,
    Driver: string,
    DriverOpts: labels,
    Labels: labels,
  },
);

/** The operations under /volumes. */
export function volumeRoutes(backend: VolumeBackend): Routes {
  return {
    handlers: {
      VolumeList: async ({ query }) => jsonResponse(await backend.list(listFilters(query))),
      VolumeInspect: async (call) => jsonResponse(await backend.inspect(call.param("name"))),
      VolumeCreate: async ({ request }) => {
        const { ClusterVolumeSpec, ...wanted } = await readOptionalJson(request, volumeCreateRequest);
        if (ClusterVolumeSpec) throw noSwarm();
        return jsonResponse(await backend.create(wanted), 201);
      },
      VolumeUpdate: async () => {
        throw unavailable("volume update only valid for cluster volumes, but swarm is unavailable");
      },
      VolumeDelete: async (call) => {
        await backend.remove(call.param("name"), { force: queryBool(call.query, "force") });
        return emptyResponse(204);
      },
      VolumePrune: async ({ query, version }) => {
        const filters = new Map(queryFilters(query));
        // Before 1.42 a prune took the named ones too.
        if (isBefore(version, 42)) filters.set("all", ["true"]);
        return jsonResponse(await backend.prune(filters));
      },
    },
  };
}

/** Docker says here, and nowhere else, what it was about. */
function listFilters(query: URLSearchParams): Filters {
  try {
    return queryFilters(query);
  } catch (error) {
    throw invalidParameter(`error reading volume filters: ${errorMessage(error)}`, { cause: error });
  }
}
