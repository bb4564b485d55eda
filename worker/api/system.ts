import { invalidParameter } from "../errdefs/errors.ts";
import type { ApiCall, Handler, Routes } from "./api-call.ts";
import { authConfig } from "./auth-header.ts";
import { readJson } from "./body.ts";
import { queryFilters } from "./filters.ts";
import type { OperationId } from "./operations.ts";
import { queryTime } from "./query.ts";
import { jsonResponse, streamResponse, textStream } from "./responses.ts";
import type { SystemBackend } from "./system-backend.ts";
import type { EventMessage } from "./types/events.ts";
import type { DiskUsageObject } from "./types/system.ts";

/** The operations that are about the engine itself. */
export function systemRoutes(backend: SystemBackend): Routes {
  const handlers: Partial<Record<OperationId, Handler>> = {
    SystemPing: async () => pong("OK"),
    SystemPingHead: async () => pong(null),
    SystemInfo: async () => jsonResponse(await backend.info()),
    SystemVersion: async () => jsonResponse(await backend.version()),
    SystemDataUsage: async ({ query, signal }) =>
      jsonResponse(await backend.diskUsage(query.getAll("type").map(diskUsageObject), signal)),
    // Nothing is built here: the cache is empty, and `docker system prune` wants to hear it.
    BuildPrune: async () => jsonResponse({ CachesDeleted: null, SpaceReclaimed: 0 }),
    SystemEvents: async (call) => events(backend, call),
    SystemAuth: async ({ request, signal }) =>
      jsonResponse(await backend.authenticate(await readJson(request, authConfig), signal)),
  };
  return { handlers };
}

/** Builder-Version 1: there is no BuildKit here. */
function pong(body: string | null): Response {
  return new Response(body, {
    headers: {
      "Builder-Version": "1",
      "Cache-Control": "no-cache, no-store, must-revalidate",
      "Content-Length": String(body?.length ?? 0),
      "Content-Type": "text/plain; charset=utf-8",
      Pragma: "no-cache",
      Swarm: "inactive",
    },
  });
}

const diskUsageObjects: readonly string[] = ["container", "image", "volume", "build-cache"];

function diskUsageObject(type: string): DiskUsageObject {
  if (!diskUsageObjects.includes(type)) throw invalidParameter(`unknown object type: ${type}`);
  return type as DiskUsageObject;
}

function events(backend: SystemBackend, { query }: ApiCall): Response {
  const since = eventTime(query, "since");
  const until = eventTime(query, "until");
  if (since !== undefined && until !== undefined && until < since) {
    throw invalidParameter(
      `\`since\` time (${query.get("since")}) cannot be after \`until\` time (${query.get("until")})`,
    );
  }
  const messages = backend.events({
    filters: queryFilters(query),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  return streamResponse(textStream(messages, formatEvent), "application/json");
}

/** With the members that clients older than 1.52 read, and the nanoseconds as a number, which JSON.stringify would round. */
export function formatEvent(event: EventMessage): string {
  const { timeNano, ...rest } = event;
  const legacy =
    event.Type === "container" || event.Type === "image"
      ? { status: event.Action, id: event.Actor.ID, ...(event.Type === "container" ? from(event) : {}) }
      : {};
  return `${JSON.stringify({ ...legacy, ...rest }).slice(0, -1)},"timeNano":${timeNano}}\n`;
}

function from(event: EventMessage): { readonly from?: string } {
  const image = event.Actor.Attributes.image;
  return image ? { from: image } : {};
}

/** -1 stands for no time, as in Docker. */
function eventTime(query: URLSearchParams, name: "since" | "until"): bigint | undefined {
  const time = queryTime(query, name);
  return time === -1_000_000_000n ? undefined : time;
}
