import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import { parseBool } from "../internal/strconv.ts";
import type { ApiCall, Routes } from "./api-call.ts";
import { readOptionalJson } from "./body.ts";
import type { ContainerBackend } from "./container-backend.ts";
import { queryFilters } from "./filters.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { networkConnectRequest, networkCreateRequest, networkDisconnectRequest } from "./network-decode.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";

/** The operations under /networks. */
export function networkRoutes(backend: NetworkBackend, containers: Pick<ContainerBackend, "inspect">): Routes {
  return {
    handlers: {
      NetworkList: (call) => list(backend, call),
      NetworkInspect: async (call) => {
        if (call.param("id") === "") return list(backend, call);
        const options = { verbose: verbose(call.query), scope: call.query.get("scope") ?? "" };
        return jsonResponse(await backend.inspect(call.param("id"), options));
      },
      NetworkCreate: async ({ request }) =>
        jsonResponse(await backend.create(await readOptionalJson(request, networkCreateRequest)), 201),
      NetworkDelete: async (call) => {
        await backend.remove(call.param("id"));
        return emptyResponse(204);
      },
      NetworkConnect: async (call) => {
        const request = await readOptionalJson(call.request, networkConnectRequest);
        await containers.inspect(request.Container);
        await backend.connect(call.param("id"), request);
        return emptyResponse(200);
      },
      NetworkDisconnect: async (call) => {
        const request = await readOptionalJson(call.request, networkDisconnectRequest);
        if (!request.Force) await containers.inspect(request.Container);
        await backend.disconnect(call.param("id"), request);
        return emptyResponse(200);
      },
      NetworkPrune: async ({ query }) => jsonResponse(await backend.prune(queryFilters(query))),
    },
  };
}

async function list(backend: NetworkBackend, { query }: ApiCall): Promise<Response> {
  return jsonResponse(await backend.list(queryFilters(query)));
}

function verbose(query: URLSearchParams): boolean {
  const value = query.get("verbose");
  if (!value) return false;
  try {
    return parseBool(value);
  } catch (error) {
    throw invalidParameter(`invalid value for verbose: ${value}: ${errorMessage(error)}`);
  }
}
