import { invalidParameter } from "../errdefs/errors.ts";
import type { ApiCall, Routes } from "./api-call.ts";
import { readOptionalJson } from "./body.ts";
import { execCreateRequest, execStartRequest } from "./container-decode.ts";
import type { UpgradedConnection } from "./engine-api.ts";
import type { ExecBackend } from "./exec-backend.ts";
import { upgradedConnection } from "./hijack.ts";
import { querySize } from "./query.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";

/** The operations of exec instances. */
export function execRoutes(backend: ExecBackend): Routes {
  return {
    handlers: {
      ContainerExec: async (call) => {
        const request = await readOptionalJson(call.request, execCreateRequest);
        if (!request.Cmd?.length) throw invalidParameter("No exec command specified");
        return jsonResponse({ Id: await backend.create(call.param("id"), request) }, 201);
      },
      ExecInspect: async (call) => jsonResponse(await backend.inspect(call.param("id"))),
      ExecResize: async (call) => {
        await backend.resize(call.param("id"), querySize(call.query));
        return emptyResponse(200);
      },
    },
    upgraders: { ExecStart: (call) => start(backend, call) },
  };
}

async function start(backend: ExecBackend, call: ApiCall): Promise<UpgradedConnection | Response> {
  const id = call.param("id");
  const request = await readOptionalJson(call.request, execStartRequest);
  await backend.inspect(id);
  const [rows, columns] = request.ConsoleSize ?? [0, 0];
  const options = { tty: request.Tty ?? false, ...(rows > 0 && columns > 0 ? { size: { rows, columns } } : {}) };
  if (request.Detach) {
    await backend.startDetached(id, options);
    return emptyResponse(200);
  }
  return upgradedConnection(await backend.start(id, { ...options, signal: call.signal }), call.version);
}
