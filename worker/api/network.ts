import type { Handler, Routes } from "./api-call.ts";
import { readJson } from "./body.ts";
import { acceptedFilters, queryFilters } from "./filters.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { networkConnectRequest, networkCreateRequest, networkDisconnectRequest } from "./network-decode.ts";
import type { OperationId } from "./operations.ts";
import { queryBool } from "./query.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";

/** The operations under /networks. */
export function networkRoutes(backend: NetworkBackend): Routes {
  const { create, remove, connect, disconnect, prune } = backend;
  const handlers: Partial<Record<OperationId, Handler>> = {
    NetworkList: async ({ query }) => jsonResponse(await backend.list(queryFilters(query, acceptedFilters.networks))),
    NetworkInspect: async (call) => {
      const options = { verbose: queryBool(call.query, "verbose"), scope: call.query.get("scope") ?? "" };
      return jsonResponse(await backend.inspect(call.param("id"), options));
    },
  };
  if (create) {
    handlers.NetworkCreate = async ({ request }) =>
      jsonResponse(await create.call(backend, await readJson(request, networkCreateRequest)), 201);
  }
  if (remove) {
    handlers.NetworkDelete = async (call) => {
      await remove.call(backend, call.param("id"));
      return emptyResponse(204);
    };
  }
  if (connect) {
    handlers.NetworkConnect = async (call) => {
      await connect.call(backend, call.param("id"), await readJson(call.request, networkConnectRequest));
      return emptyResponse(200);
    };
  }
  if (disconnect) {
    handlers.NetworkDisconnect = async (call) => {
      await disconnect.call(backend, call.param("id"), await readJson(call.request, networkDisconnectRequest));
      return emptyResponse(200);
    };
  }
  if (prune) {
    handlers.NetworkPrune = async ({ query }) =>
      jsonResponse(await prune.call(backend, queryFilters(query, acceptedFilters.networksPrune)));
  }
  return { handlers };
}
