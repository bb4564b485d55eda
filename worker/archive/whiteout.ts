/**
 * How a layer's archive says that something of the layers below is gone (OCI image-spec, layer.md, "Whiteouts"):
 * `.wh.NAME` hides NAME, `.wh..wh..opq` hides all that a directory held.
 */
export type Whiteout =
  | { readonly kind: "none" }
  | { readonly kind: "removed"; readonly name: string }
  | { readonly kind: "opaque" };

const prefix = ".wh.";
const opaqueName = ".wh..wh..opq";
const none: Whiteout = { kind: "none" };

/** What the last component of a name means. */
export function parseWhiteout(baseName: string): Whiteout {
  if (!baseName.startsWith(prefix)) return none;
  if (baseName === opaqueName) return { kind: "opaque" };
  return { kind: "removed", name: baseName.slice(prefix.length) };
}
