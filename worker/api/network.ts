import type { Routes } from "./api-call.ts";
import { readJson } from "./body.ts";
import { queryFilters } from "./filters.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { networkConnectRequest, networkCreateRequest, networkDisconnectRequest } from "./network-decode.ts";
import { queryBool } from "./query.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";

/** The operations under /networks. */
export function networkRoutes(backend: NetworkBackend): Routes {
  return {
    handlers: {
      NetworkList: async ({ query }) => jsonResponse(await backend.list(queryFilters(query))),
      NetworkInspect: async (call) => {
        const options = { verbose: queryBool(call.query, "verbose"), scope: call.query.get("scope") ?? "" };
        return jsonResponse(await backend.inspect(call.param("id"), options));
      },
      NetworkCreate: async ({ request }) =>
        jsonResponse(await backend.create(await readJson(request, networkCreateRequest)), 201),
      NetworkDelete: async (call) => {
        await backend.remove(call.param("id"));
        return emptyResponse(204);
      },
      NetworkConnect: async (call) => {
        await backend.connect(call.param("id"), await readJson(call.request, networkConnectRequest));
        return emptyResponse(200);
      },
      NetworkDisconnect: async (call) => {
        await backend.disconnect(call.param("id"), await readJson(call.request, networkDisconnectRequest));
        return emptyResponse(200);
      },
      NetworkPrune: async ({ query }) => jsonResponse(await backend.prune(queryFilters(query))),
    },
  };
}
