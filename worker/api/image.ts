import { invalidParameter, notImplemented } from "../errdefs/errors.ts";
import type { ApiCall, Handler, Routes } from "./api-call.ts";
import { registryAuth } from "./auth-header.ts";
import { queryFilters } from "./filters.ts";
import type { ImageBackend } from "./image-backend.ts";
import type { OperationId } from "./operations.ts";
import { progressResponse } from "./progress.ts";
import { queryBool, queryPlatform, queryPlatformObject } from "./query.ts";
import { emptyResponse, jsonResponse } from "./responses.ts";
import { isBefore } from "./version.ts";

/** The operations under /images and /distribution. */
export function imageRoutes(backend: ImageBackend): Routes {
  return { handlers: { ...local(backend), ...registries(backend) } };
}

function platformOption({ query }: ApiCall): { readonly platform?: NonNullable<ReturnType<typeof queryPlatform>> } {
  const platform = queryPlatformObject(query);
  return platform ? { platform } : {};
}

function local(backend: ImageBackend): Partial<Record<OperationId, Handler>> {
  return {
    ImageList: async ({ query, version }) => {
      const images = await backend.list({
        all: queryBool(query, "all"),
        filters: queryFilters(query),
        sharedSize: queryBool(query, "shared-size"),
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
    ImageDelete: async ({ param, query }) => {
      const name = param("name");
      if (name.trim() === "") throw invalidParameter("image name cannot be blank");
      const options = { force: queryBool(query, "force"), prune: !queryBool(query, "noprune") };
      return jsonResponse(await backend.remove(name, options));
    },
    ImagePrune: async ({ query, signal }) =>
      jsonResponse(await backend.prune({ filters: queryFilters(query), signal })),
  };
}

function registries(backend: ImageBackend): Partial<Record<OperationId, Handler>> {
  return {
    ImageCreate: (call) => (call.query.get("fromImage") ? pull(backend, call) : refuseImport(call)),
    DistributionInspect: async (call) => {
      const options = { ...registryAuth(call.request), signal: call.signal };
      return jsonResponse(await backend.distribution(call.param("name"), options));
    },
  };
}

/** Pulls until it is done or the client goes away, whichever comes first. */
function pull(backend: ImageBackend, call: ApiCall): Promise<Response> {
  const platform = queryPlatform(call.query);
  const options = {
    image: call.query.get("fromImage") ?? "",
    tag: call.query.get("tag") ?? "",
    ...(platform && { platform }),
    ...registryAuth(call.request),
  };
  const gone = new AbortController();
  const signal = AbortSignal.any([call.signal, gone.signal]);
  return progressResponse(
    (onProgress) => backend.pull({ ...options, onProgress, signal }),
    () => gone.abort(),
  );
}

async function refuseImport({ query }: ApiCall): Promise<never> {
  if (!query.get("fromSrc")) throw invalidParameter("either fromImage or fromSrc is required");
  throw notImplemented("docker import is not implemented by this engine yet");
}
