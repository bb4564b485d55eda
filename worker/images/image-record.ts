import { system } from "../errdefs/errors.ts";
import type { Json } from "../metadata/records.ts";
import { type Descriptor, parseDescriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { asArray, asObject, asSize } from "../oci/json.ts";

/**
 * What is remembered of an image under `image/ID`. It is written when everything that it names is in the content store and
 * unpacked, and so stands for a whole image.
 */
export interface ImageRecord {
  /** Digest of the config. */
  readonly id: Digest;
  /** The manifest that it was pulled by; absent for an image that was made here. */
  readonly manifest?: Descriptor;
  /** Lowest first. */
  readonly layers: readonly LayerRecord[];
  /** The image that this one was built upon, here. */
  readonly parent?: Digest;
  /** RFC 3339, when it last got a tag by `docker tag` or a build. */
  readonly tagged?: string;
}

export interface LayerRecord {
  readonly diffId: Digest;
  /** The archive that the layer was unpacked from, compressed as it came. */
  readonly blob: Descriptor;
  /** Bytes of the layer's files. */
  readonly size: number;
}

/** Under `reference/REFERENCE`, written out in full; by tag and by digest alike. */
export interface ReferenceRecord {
  readonly image: Digest;
}

export const imageBucket = "image/";
export const referenceBucket = "reference/";

export function imageRecordJson(record: ImageRecord): Json {
  const { id, manifest, layers, parent, tagged } = record;
  return {
    id,
    layers: layers.map(({ diffId, blob, size }) => ({ diffId, blob: descriptorJson(blob), size })),
    ...(manifest ? { manifest: descriptorJson(manifest) } : {}),
    ...(parent ? { parent } : {}),
    ...(tagged ? { tagged } : {}),
  };
}

function descriptorJson({ mediaType, digest, size }: Descriptor): Json {
  return { mediaType, digest, size };
}

/** Rejects with `System`: a record that we did not write like this is damaged. */
export function parseImageRecord(value: Json): ImageRecord {
  try {
    const fields = asObject(value, "image record");
    const { parent, tagged } = fields;
    return {
      id: checked(fields.id),
      layers: asArray(fields.layers, 1000, "layers").map((entry) => {
        const layer = asObject(entry, "layer");
        return {
          diffId: checked(layer.diffId),
          blob: parseDescriptor(layer.blob, "blob"),
          size: asSize(layer.size, "size"),
        };
      }),
      ...(fields.manifest === undefined ? {} : { manifest: parseDescriptor(fields.manifest, "manifest") }),
      ...(parent === undefined ? {} : { parent: checked(parent) }),
      ...(typeof tagged === "string" ? { tagged } : {}),
    };
  } catch (cause) {
    throw system("an image record is damaged", { cause });
  }
}

export function parseReferenceRecord(value: Json): ReferenceRecord {
  try {
    return { image: checked(asObject(value, "reference record").image) };
  } catch (cause) {
    throw system("a reference record is damaged", { cause });
  }
}

function checked(value: unknown): Digest {
  if (!isDigest(value)) throw system(`expected a digest, got ${JSON.stringify(value)}`);
  return value;
}
