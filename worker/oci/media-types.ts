/** Media types of the OCI image-spec and of Docker's image manifest version 2, schema 2. */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** Schema 1: refused by name, since registries still offer it for old images. */
const schema1Types: readonly string[] = [
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerManifestList];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
/** What uploads made of a type that was not said. Docker takes it for what stands there, and so for an image. */
const unsaidTypes: readonly string[] = ["", "application/octet-stream"];
const configTypes: readonly string[] = [
  mediaTypes.ociConfig,
  mediaTypes.dockerConfig,
  ...unsaidTypes,
  "application/json",
  "text/html",
];

/** How a layer is compressed is seen by its first bytes: what its media type says of that does not matter. */
const layerTypes: readonly string[] = [
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  ...unsaidTypes,
];

export const isIndexType = (type: string): boolean => indexTypes.includes(type);
export const isManifestType = (type: string): boolean => manifestTypes.includes(type);
export const isConfigType = (type: string): boolean => configTypes.includes(type);
export const isSchema1Type = (type: string): boolean => schema1Types.includes(type);
export const isLayerType = (type: string): boolean => layerTypes.includes(type);

/** What a client that pulls images asks for, best first. */
export const acceptedManifestTypes: readonly string[] = [...indexTypes, ...manifestTypes];
