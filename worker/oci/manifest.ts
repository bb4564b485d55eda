import { invalidParameter } from "../errdefs/errors.ts";
import { type Descriptor, parseDescriptor } from "./descriptor.ts";
import { asArray, type JsonObject, optionalString, optionalStringMap, parseJsonObject } from "./json.ts";
import { isConfigType, isIndexType, isLayerType, isManifestType, isSchema1Type, mediaTypes } from "./media-types.ts";

/** Bytes of the largest manifest or index that is read: the limit that registries themselves keep. */
export const manifestLimit = 4 * 1024 * 1024;
/** overlayfs takes no more lower layers than fit a page of options; Docker stops at 125 too. */
export const layerLimit = 125;
const indexEntryLimit = 1000;

/** An OCI image manifest or Docker's schema 2 manifest. Layers come lowest first. */
export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An OCI image index or Docker's manifest list. */
export interface Index {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Parses what a registry served as a manifest. `contentType` is what the answer or the descriptor called it: the document's
 * own `mediaType` must not contradict it, so that nobody can have one document taken for two things.
 * Rejects with `InvalidParameter`.
 */
export function parseManifestOrIndex(bytes: Uint8Array, contentType?: string): Manifest | Index {
  const document = parseJsonObject(bytes, manifestLimit, "manifest");
  const mediaType = mediaTypeOf(document, contentType?.split(";", 1)[0]?.trim().toLowerCase());
  if (isIndexType(mediaType)) return parseIndex(document, mediaType);
  if (isManifestType(mediaType)) return parseManifest(document, mediaType);
  throw invalidParameter(`unsupported manifest media type ${JSON.stringify(mediaType.slice(0, 200))}`);
}

function mediaTypeOf(document: JsonObject, contentType: string | undefined): string {
  if (document.schemaVersion === 1 || (contentType && isSchema1Type(contentType))) {
    throw invalidParameter(
      "Docker Image Format v1, and Docker Image manifest version 2, schema 1 are not supported: the image must be built anew",
    );
  }
  if (document.schemaVersion !== 2) throw invalidParameter("unsupported manifest: schemaVersion is not 2");
  const known = contentType && (isIndexType(contentType) || isManifestType(contentType)) ? contentType : undefined;
  const own = optionalString(document.mediaType, "manifest.mediaType");
  if (own && known && own !== known) {
    throw invalidParameter(
      `manifest: media type ${JSON.stringify(own.slice(0, 200))} contradicts ${JSON.stringify(known)}`,
    );
  }
  const looksLikeIndex = document.manifests !== undefined;
  if (looksLikeIndex && (document.layers !== undefined || document.config !== undefined)) {
    throw invalidParameter("manifest: has both manifests and layers");
  }
  return own ?? known ?? (looksLikeIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest);
}

function parseManifest(document: JsonObject, mediaType: string): Manifest {
  const config = parseDescriptor(document.config, "manifest.config");
  if (!isConfigType(config.mediaType)) {
    throw invalidParameter(`unsupported media type ${config.mediaType.slice(0, 200)}`);
  }
  const layers = asArray(document.layers, Number.MAX_SAFE_INTEGER, "manifest.layers");
  if (layers.length > layerLimit) throw invalidParameter("max depth exceeded");
  return {
    kind: "manifest",
    mediaType,
    config,
    layers: layers.map((value, index) => {
      const layer = parseDescriptor(value, `manifest.layers[${index}]`);
      if (!isLayerType(layer.mediaType)) {
        throw invalidParameter(`unsupported media type ${layer.mediaType.slice(0, 200)}`);
      }
      return layer;
    }),
    ...annotationsOf(document),
  };
}

function parseIndex(document: JsonObject, mediaType: string): Index {
  const manifests = asArray(document.manifests, indexEntryLimit, "index.manifests");
  return {
    kind: "index",
    mediaType,
    manifests: manifests.map((value, index) => parseDescriptor(value, `index.manifests[${index}]`)),
    ...annotationsOf(document),
  };
}

function annotationsOf(document: JsonObject): { annotations?: Readonly<Record<string, string>> } {
  const annotations = optionalStringMap(document.annotations, "manifest.annotations");
  return annotations ? { annotations } : {};
}
