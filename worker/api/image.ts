import { invalidParameter, notImplemented } from "../errdefs/errors.ts";
import type { ApiCall, Handler, Routes } from "./api-call.ts";
import { registryAuth } from "./auth-header.ts";
import { bodyOf } from "./container-archive.ts";
import { acceptedFilters, queryFilters } from "./filters.ts";
import type { ImageBackend } from "./image-backend.ts";
import type { OperationId } from "./operations.ts";
import { progressResponse } from "./progress.ts";
import { queryBool, queryInt, queryPlatform } from "./query.ts";
import { emptyResponse, jsonResponse, streamResponse } from "./responses.ts";
import type { ProgressListener } from "./types/common.ts";
import { isBefore } from "./version.ts";

/** The operations under /images and /distribution. */
export function imageRoutes(backend: ImageBackend): Routes {
  return { handlers: { ...local(backend), ...transfer(backend), ...optional(backend) } };
}

function platformOption(call: ApiCall): { readonly platform?: NonNullable<ReturnType<typeof queryPlatform>> } {
  const platform = queryPlatform(call.query);
  return platform ? { platform } : {};
}

function local(backend: ImageBackend): Partial<Record<OperationId, Handler>> {
  return {
    ImageList: async ({ query, version }) => {
      const images = await backend.list({
        all: queryBool(query, "all"),
        filters: queryFilters(query, acceptedFilters.images),
        sharedSize: queryBool(query, "shared-size"),
        digests: queryBool(query, "digests"),
      });
      if (!isBefore(version, 51)) return jsonResponse(images);
      // `Containers` was always -1 before 1.51, and VirtualSize there before 1.44.
      return jsonResponse(
        images.map((image) => ({
          ...image,
          Containers: -1,
          ...(isBefore(version, 44) ? { VirtualSize: image.Size } : {}),
        })),
      );
    },
    ImageInspect: async (call) => {
      const image = await backend.inspect(call.param("name"), platformOption(call));
      return jsonResponse(isBefore(call.version, 44) ? { ...image, VirtualSize: image.Size } : image);
    },
    ImageHistory: async (call) => jsonResponse(await backend.history(call.param("name"), platformOption(call))),
    ImageTag: async (call) => {
      const target = { repo: call.query.get("repo") ?? "", tag: call.query.get("tag") ?? "" };
      await backend.tag(call.param("name"), target);
      return emptyResponse(201);
    },
    ImageDelete: async (call) =>
      jsonResponse(
        await backend.remove(call.param("name"), {
          force: queryBool(call.query, "force"),
          prune: !queryBool(call.query, "noprune"),
        }),
      ),
  };
}

/** Runs a transfer until it ends or the client goes away, whichever comes first. */
function transferring(
  call: ApiCall,
  run: (onProgress: ProgressListener, signal: AbortSignal) => Promise<void>,
): Promise<Response> {
  const gone = new AbortController();
  const signal = AbortSignal.any([call.signal, gone.signal]);
  return progressResponse(
    (onProgress) => run(onProgress, signal),
    () => gone.abort(),
  );
}

function transfer(backend: ImageBackend): Partial<Record<OperationId, Handler>> {
  const handlers: Partial<Record<OperationId, Handler>> = {
    ImageCreate: (call) => (call.query.get("fromImage") ? pull(backend, call) : importImage(backend, call)),
  };
  const { push, load, save } = backend;
  if (push) {
    handlers.ImagePush = (call) =>
      transferring(call, (onProgress, signal) =>
        push.call(backend, call.param("name"), {
          tag: call.query.get("tag") ?? "",
          ...platformOption(call),
          ...registryAuth(call.request),
          onProgress,
          signal,
        }),
      );
  }
  if (load) {
    handlers.ImageLoad = (call) =>
      transferring(call, (onProgress, signal) => {
        const quiet = queryBool(call.query, "quiet");
        return load.call(backend, bodyOf(call), { quiet, ...platformOption(call), onProgress, signal });
      });
  }
  if (save) {
    const tar = async (call: ApiCall, names: readonly string[]): Promise<Response> => {
      const archive = await save.call(backend, names, { ...platformOption(call), signal: call.signal });
      return streamResponse(archive, "application/x-tar");
    };
    handlers.ImageGet = (call) => tar(call, [call.param("name")]);
    handlers.ImageGetAll = (call) => tar(call, call.query.getAll("names"));
  }
  return handlers;
}

function pull(backend: ImageBackend, call: ApiCall): Promise<Response> {
  const options = {
    image: call.query.get("fromImage") ?? "",
    tag: call.query.get("tag") ?? "",
    ...platformOption(call),
    ...registryAuth(call.request),
  };
  return transferring(call, (onProgress, signal) => backend.pull({ ...options, onProgress, signal }));
}

async function importImage(backend: ImageBackend, call: ApiCall): Promise<Response> {
  const { query } = call;
  const source = query.get("fromSrc");
  if (!source) throw invalidParameter("either fromImage or fromSrc is required");
  if (!backend.import) throw notImplemented("docker import is not implemented by this engine yet");
  if (source !== "-") throw notImplemented("docker import from a URL is not implemented by this engine yet");
  const options = {
    repo: query.get("repo") ?? "",
    tag: query.get("tag") ?? "",
    message: query.get("message") ?? "",
    changes: query.getAll("changes"),
    ...platformOption(call),
  };
  const run = backend.import.bind(backend);
  return transferring(call, (onProgress, signal) => run(bodyOf(call), { ...options, onProgress, signal }));
}

function optional(backend: ImageBackend): Partial<Record<OperationId, Handler>> {
  const handlers: Partial<Record<OperationId, Handler>> = {};
  const { prune, search, distribution } = backend;
  if (prune) {
    handlers.ImagePrune = async ({ query, signal }) =>
      jsonResponse(await prune.call(backend, { filters: queryFilters(query, acceptedFilters.imagesPrune), signal }));
  }
  if (search) {
    handlers.ImageSearch = async ({ query, request, signal }) => {
      const options = {
        term: query.get("term") ?? "",
        limit: queryInt(query, "limit") ?? 0,
        filters: queryFilters(query, acceptedFilters.search),
        ...registryAuth(request),
        signal,
      };
      return jsonResponse(await search.call(backend, options));
    };
  }
  if (distribution) {
    handlers.DistributionInspect = async (call) =>
      jsonResponse(
        await distribution.call(backend, call.param("name"), { ...registryAuth(call.request), signal: call.signal }),
      );
  }
  return handlers;
}
