import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import { requestBody } from "../internal/streams.ts";
import type { ApiCall, Handler, Routes, Upgrader } from "./api-call.ts";
import { readJson, readOptionalJson } from "./body.ts";
import type { ContainerBackend } from "./container-backend.ts";
import { containerCreateRequest, containerUpdateRequest } from "./container-decode.ts";
import { queryFilters } from "./filters.ts";
import { rawStream, streamContentType, upgradedConnection } from "./hijack.ts";
import type { OperationId } from "./operations.ts";
import { queryBool, queryInt, queryPlatform, querySize, queryTime } from "./query.ts";
import {
  emptyResponse,
  encodeJson,
  errorStatus,
  jsonResponse,
  streamResponse,
  textResponse,
  textStream,
} from "./responses.ts";
import { stdcopyFrame } from "./stdcopy.ts";
import type { ContainerAttachOptions, ContainerLogsOptions, ContainerStopOptions, LogFrame } from "./types/backend.ts";
import type { ContainerCreateRequest, WaitCondition } from "./types/container.ts";
import type { HostConfig } from "./types/host-config.ts";
import { type ApiVersion, isBefore } from "./version.ts";

/** The operations under /containers, exec's aside. */
export function containerRoutes(backend: ContainerBackend): Routes {
  return {
    handlers: { ...lifeCycle(backend), ...views(backend) },
    upgraders: { ContainerAttach: attach(backend) },
  };
}

function lifeCycle(backend: ContainerBackend): Partial<Record<OperationId, Handler>> {
  const done = (act: (call: ApiCall, name: string) => Promise<unknown>): Handler => {
    return async (call) => {
      await act(call, call.param("id"));
      return emptyResponse(204);
    };
  };
  return {
    ContainerCreate: (call) => create(backend, call),
    ContainerStart: done(({ request }, name) => {
      refuseStartBody(request);
      return backend.start(name);
    }),
    ContainerStop: done((call, name) => backend.stop(name, stopOptions(call))),
    ContainerRestart: done((call, name) => backend.restart(name, stopOptions(call))),
    ContainerKill: done(({ query }, name) => backend.kill(name, query.get("signal") || undefined)),
    ContainerPause: done((_, name) => backend.pause(name)),
    ContainerUnpause: done((_, name) => backend.unpause(name)),
    ContainerRename: done(({ query }, name) => {
      const newName = query.get("name");
      if (!newName) throw invalidParameter("Neither old nor new names may be empty");
      return backend.rename(name, newName);
    }),
    ContainerDelete: done(({ query }, name) =>
      backend.remove(name, {
        force: queryBool(query, "force"),
        removeVolumes: queryBool(query, "v"),
        removeLink: queryBool(query, "link"),
      }),
    ),
    ContainerResize: async (call) => {
      await backend.resize(call.param("id"), querySize(call.query));
      return emptyResponse(200);
    },
    ContainerUpdate: async ({ param, request }) =>
      jsonResponse(await backend.update(param("id"), await readOptionalJson(request, containerUpdateRequest))),
    ContainerPrune: async ({ query, signal }) =>
      jsonResponse(await backend.prune({ filters: queryFilters(query), signal })),
    ContainerWait: (call) => wait(backend, call),
  };
}

function views(backend: ContainerBackend): Partial<Record<OperationId, Handler>> {
  return {
    ContainerList: async ({ query }) =>
      jsonResponse(
        await backend.list({
          all: queryBool(query, "all"),
          size: queryBool(query, "size"),
          limit: queryInt(query, "limit") ?? -1,
          filters: queryFilters(query),
        }),
      ),
    ContainerInspect: async (call) =>
      jsonResponse(await backend.inspect(call.param("id"), { size: queryBool(call.query, "size") })),
    ContainerLogs: (call) => logs(backend, call),
    ContainerStats: async ({ param, query, signal }) => {
      const options = { stream: queryBool(query, "stream", true), oneShot: queryBool(query, "one-shot"), signal };
      const samples = await backend.stats(param("id"), options);
      return streamResponse(
        textStream(samples, (sample) => `${JSON.stringify(sample)}\n`),
        "application/json",
      );
    },
    ContainerTop: async ({ param, query }) => jsonResponse(await backend.top(param("id"), query.get("ps_args") ?? "")),
  };
}

/** Shorter than any JSON object that says something. */
const emptyBody = 7;

/** Long ago a container's host configuration came along with its start. */
function refuseStartBody(request: Request): void {
  const length = request.headers.get("Content-Length");
  if (length === null ? !requestBody(request) : Number(length) <= emptyBody) return;
  throw invalidParameter(
    "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
  );
}

async function create(backend: ContainerBackend, call: ApiCall): Promise<Response> {
  const request = await readJson(call.request, containerCreateRequest);
  const { HostConfig: _, NetworkingConfig: __, ...config } = request;
  if (Object.keys(config).length === 0) {
    throw invalidParameter("config cannot be empty in order to create a container");
  }
  const name = call.query.get("name");
  const platform = isBefore(call.version, 41) ? undefined : queryPlatform(call.query);
  const created = await backend.create({
    request: isBefore(call.version, 40) ? { ...request, HostConfig: formerHost(request, call.version) } : request,
    signal: call.signal,
    ...(name ? { name } : {}),
    ...(platform ? { platform } : {}),
  });
  return jsonResponse(created, 201);
}

/** Before 1.40 containers shared their IPC unless told otherwise, and before 1.25 it was the client that removed them. */
function formerHost({ HostConfig = {} }: ContainerCreateRequest, version: ApiVersion): Partial<HostConfig> {
  return {
    ...HostConfig,
    IpcMode: HostConfig.IpcMode || "shareable",
    ...(isBefore(version, 25) && { AutoRemove: false }),
  };
}

const waitConditions: readonly string[] = ["not-running", "next-exit", "removed"];

async function wait(backend: ContainerBackend, call: ApiCall): Promise<Response> {
  // Clients before 1.30 could not say what they wait for.
  const condition = (!isBefore(call.version, 30) && call.query.get("condition")) || "not-running";
  if (!waitConditions.includes(condition)) throw invalidParameter(`invalid condition: ${JSON.stringify(condition)}`);
  const { result } = await backend.wait(call.param("id"), {
    condition: condition as WaitCondition,
    signal: call.signal,
  });
  // The head goes out at once: `docker run` starts the container when it has seen it.
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      result.then(
        (outcome) => {
          controller.enqueue(encodeJson(outcome));
          controller.close();
        },
        (error: unknown) => controller.error(error),
      );
    },
  });
  return streamResponse(body, "application/json");
}

function stopOptions({ query, version }: ApiCall): ContainerStopOptions {
  const signal = isBefore(version, 42) ? null : query.get("signal");
  const timeout = queryInt(query, "t");
  return { ...(signal ? { signal } : {}), ...(timeout === undefined ? {} : { timeout }) };
}

function attach(backend: ContainerBackend): Upgrader {
  return async (call) => {
    const { query, signal, version } = call;
    const keys = query.get("detachKeys");
    const options: ContainerAttachOptions = {
      stdin: queryBool(query, "stdin"),
      stdout: queryBool(query, "stdout"),
      stderr: queryBool(query, "stderr"),
      logs: queryBool(query, "logs"),
      stream: queryBool(query, "stream"),
      ...(keys ? { detachKeys: keys } : {}),
      signal,
    };
    try {
      return upgradedConnection(await backend.attach(call.param("id"), options), version);
    } catch (error) {
      const status = errorStatus(error);
      if (status === 500) throw error;
      // Docker has taken the connection over by then: it writes bare text.
      return textResponse(`${errorMessage(error)}\r\n`, status, { "Content-Type": rawStream });
    }
  };
}

async function logs(backend: ContainerBackend, call: ApiCall): Promise<Response> {
  const options = logsOptions(call.query);
  const { tty, frames } = await backend.logs(call.param("id"), { ...options, signal: call.signal });
  const bytes = frames.pipeThrough(
    new TransformStream<LogFrame, Uint8Array>({
      transform(frame, controller) {
        controller.enqueue(tty ? frame.bytes : stdcopyFrame(frame.stream, frame.bytes));
      },
    }),
  );
  return streamResponse(bytes, streamContentType(tty, call.version));
}

function logsOptions(query: URLSearchParams): ContainerLogsOptions {
  const stdout = queryBool(query, "stdout");
  const stderr = queryBool(query, "stderr");
  if (!stdout && !stderr) throw invalidParameter("Bad parameters: you must choose at least one stream");
  const since = queryTime(query, "since");
  const until = queryTime(query, "until");
  const tail = query.get("tail") ?? "";
  return {
    stdout,
    stderr,
    follow: queryBool(query, "follow"),
    timestamps: queryBool(query, "timestamps"),
    details: queryBool(query, "details"),
    ...(since === undefined ? {} : { since }),
    // 0 stands for no end.
    ...(until === undefined || until === 0n ? {} : { until }),
    // Docker reads anything that is no number as `all`.
    ...(/^\d{1,9}$/.test(tail) ? { tail: Number(tail) } : {}),
  };
}
