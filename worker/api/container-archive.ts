import { invalidParameter } from "../errdefs/errors.ts";
import { requestBody } from "../internal/streams.ts";
import type { ApiCall, Handler } from "./api-call.ts";
import type { ContainerBackend } from "./container-backend.ts";
import type { OperationId } from "./operations.ts";
import { queryBool } from "./query.ts";
import { emptyResponse, streamResponse } from "./responses.ts";
import type { PathStat } from "./types/container.ts";

/** `docker cp` and `docker export`. */
export function archiveRoutes(backend: ContainerBackend): Partial<Record<OperationId, Handler>> {
  const { statPath, readPath, writePath, export: exportAll } = backend;
  const handlers: Partial<Record<OperationId, Handler>> = {};
  if (statPath) {
    handlers.ContainerArchiveInfo = async (call) => {
      const stat = await statPath.call(backend, call.param("id"), pathOf(call));
      const response = emptyResponse(200);
      response.headers.set("X-Docker-Container-Path-Stat", encodeStat(stat));
      return response;
    };
  }
  if (readPath) {
    handlers.ContainerArchive = async (call) => {
      const { stat, archive } = await readPath.call(backend, call.param("id"), pathOf(call), call.signal);
      const response = streamResponse(archive, "application/x-tar");
      response.headers.set("X-Docker-Container-Path-Stat", encodeStat(stat));
      return response;
    };
  }
  if (writePath) {
    handlers.PutContainerArchive = async (call) => {
      const { query, signal } = call;
      const options = {
        noOverwriteDirNonDir: queryBool(query, "noOverwriteDirNonDir"),
        copyUidGid: queryBool(query, "copyUIDGID"),
        signal,
      };
      await writePath.call(backend, call.param("id"), pathOf(call), bodyOf(call), options);
      return emptyResponse(200);
    };
  }
  if (exportAll) {
    handlers.ContainerExport = async (call) =>
      streamResponse(await exportAll.call(backend, call.param("id"), call.signal), "application/octet-stream");
  }
  return handlers;
}

function pathOf(call: ApiCall): string {
  const path = call.query.get("path");
  if (!path) throw invalidParameter("bad parameter: path cannot be empty");
  return path;
}

export function bodyOf(call: ApiCall): ReadableStream<Uint8Array> {
  return requestBody(call.request) ?? new ReadableStream({ start: (controller) => controller.close() });
}

function encodeStat(stat: PathStat): string {
  const bytes = new TextEncoder().encode(JSON.stringify(stat));
  return btoa(String.fromCharCode(...bytes));
}
