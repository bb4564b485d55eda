import { fileURLToPath } from "node:url";

/** What the page is served from. */
export interface Artefacts {
  readonly page: string;
  readonly guest: string;
  readonly images: string;
}

/** Finds them beside the bundle that runs (dist/node), in a clone as in the package. */
export function artefacts(): Artefacts {
  const folder = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
  return { page: folder("page"), guest: folder("guest"), images: folder("images") };
}
