import { invalidParameter, notFound } from "../errdefs/errors.ts";
import type { ApiCall, Handler, Routes, Upgrader } from "./api-call.ts";
import { containerRoutes } from "./container.ts";
import type { ContainerBackend } from "./container-backend.ts";
import type { EngineApi, UpgradedConnection } from "./engine-api.ts";
import { execRoutes } from "./exec.ts";
import type { ExecBackend } from "./exec-backend.ts";
import { imageRoutes } from "./image.ts";
import type { ImageBackend } from "./image-backend.ts";
import { networkRoutes } from "./network.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { refuseNotBuilt } from "./not-built.ts";
import { type OperationId, operationIds } from "./operations.ts";
import { emptyResponse, errorResponse, jsonResponse } from "./responses.ts";
import { matchRoute, type RouteMatch } from "./route-table.ts";
import { systemRoutes } from "./system.ts";
import type { SystemBackend } from "./system-backend.ts";
import { currentVersion, formatVersion, parseVersion, refuseVersion, splitVersion } from "./version.ts";
import { volumeRoutes } from "./volume.ts";
import type { VolumeBackend } from "./volume-backend.ts";

export interface ApiRouterComponents {
  readonly containers: ContainerBackend;
  readonly execs: ExecBackend;
  readonly images: ImageBackend;
  readonly networks: NetworkBackend;
  readonly volumes: VolumeBackend;
  readonly system: SystemBackend;
  /** What the `Server` header says, such as `Wherry/0.1.0 (linux)`. */
  readonly server: string;
  /** Told of errors that are the engine's own fault. */
  readonly onError?: (operation: OperationId, error: unknown) => void;
  /** Told of every request as its answer's head goes out; `status` is 101 when the connection was taken over. */
  readonly onAnswer?: (answered: { readonly method: string; readonly path: string; readonly status: number }) => void;
}

/** The Engine API: routing, versions and errors in front of the routers of the single objects. */
export class ApiRouter implements EngineApi {
  readonly #handlers = new Map<OperationId, Handler>();
  readonly #upgraders = new Map<OperationId, Upgrader>();
  readonly #headers: readonly (readonly [string, string])[];
  readonly #components: ApiRouterComponents;
  readonly #onError: NonNullable<ApiRouterComponents["onError"]>;
  readonly #onAnswer: NonNullable<ApiRouterComponents["onAnswer"]>;

  constructor(components: ApiRouterComponents) {
    this.#components = components;
    this.#claim(containerRoutes(components.containers));
    this.#claim(execRoutes(components.execs));
    this.#claim(imageRoutes(components.images));
    this.#claim(networkRoutes(components.networks, components.containers));
    this.#claim(volumeRoutes(components.volumes));
    this.#claim(systemRoutes(components.system));
    this.#claim(noPlugins);
    this.#headers = [
      ["Api-Version", formatVersion(currentVersion)],
      ["Ostype", "linux"],
      ["Server", components.server],
    ];
    this.#onError = components.onError ?? (() => undefined);
    this.#onAnswer = components.onAnswer ?? (() => undefined);
  }

  /** Operations that have a handler. The others answer 501, or 503 where they belong to a swarm. */
  get implemented(): readonly OperationId[] {
    return operationIds.filter((id) => this.#handlers.has(id) || this.#upgraders.has(id));
  }

  async fetch(request: Request): Promise<Response> {
    const answer = await this.#answer(request, (match) => {
      if (this.#upgraders.has(match.id)) {
        throw invalidParameter(
          `${match.operation.method} ${match.operation.path} takes the connection over: it needs an upgrade`,
        );
      }
      return this.#handlers.get(match.id);
    });
    if (answer instanceof Response) return answer;
    throw new TypeError("A handler answered a connection where a response was due");
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    return this.#answer(request, (match) => this.#upgraders.get(match.id) ?? this.#handlers.get(match.id));
  }

  #claim(routes: Routes): void {
    for (const [id, handler] of Object.entries(routes.handlers)) this.#handlers.set(id as OperationId, handler);
    for (const [id, upgrader] of Object.entries(routes.upgraders ?? {}))
      this.#upgraders.set(id as OperationId, upgrader);
  }

  async #answer(
    request: Request,
    find: (match: RouteMatch) => Handler | Upgrader | undefined,
  ): Promise<UpgradedConnection | Response> {
    const url = new URL(request.url);
    const path = withoutEmptySegments(url.pathname);
    if (path !== url.pathname)
      return new Response(null, { status: 301, headers: { Location: `${path}${url.search}` } });
    const { version, rest } = splitVersion(path);
    const match = matchRoute(request.method, rest);
    if (!match && request.method !== "OPTIONS") return jsonResponse({ message: "page not found" }, 404);
    const refusal = version === undefined ? undefined : refuseVersion(version);
    const answer =
      refusal ?? (match ? await this.#dispatch(match, callOf(request, match, version), find) : emptyResponse(200));
    const status = answer instanceof Response ? answer.status : 101;
    this.#onAnswer({ method: request.method, path: url.pathname, status });
    if (!(answer instanceof Response)) return answer;
    for (const [name, value] of this.#headers) answer.headers.set(name, value);
    // As Docker: who speaks another version is told of no more.
    if (!refusal) answer.headers.set("Docker-Experimental", "false");
    return request.method === "HEAD" ? new Response(null, answer) : answer;
  }

  async #dispatch(
    match: RouteMatch,
    call: ApiCall,
    find: (match: RouteMatch) => Handler | Upgrader | undefined,
  ): Promise<UpgradedConnection | Response> {
    try {
      const handler = find(match) ?? (() => refuseNotBuilt(this.#components, match, call.query));
      return await handler(call);
    } catch (error) {
      const response = errorResponse(error);
      if (response.status === 500) this.#onError(match.id, error);
      return response;
    }
  }
}

function callOf(request: Request, { params }: RouteMatch, version: string | undefined): ApiCall {
  return {
    request,
    version: version === undefined ? currentVersion : parseVersion(version),
    param: (name) => params.get(name) ?? "",
    query: new URL(request.url).searchParams,
    signal: request.signal,
  };
}

/** Docker's mux redirects to the path without empty segments. */
function withoutEmptySegments(path: string): string {
  return path.replace(/(?:\/|%2f){2,}/gi, "/");
}

/** There are no plugins, which is an answer: `docker inspect NAME` asks for one when nothing else has the name. */
const noPlugins: Routes = {
  handlers: {
    PluginList: async () => jsonResponse([]),
    PluginInspect: async ({ param }) => {
      throw notFound(`plugin "${param("name")}" not found`);
    },
  },
};
