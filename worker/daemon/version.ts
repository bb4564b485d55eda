/** The version of package.json; a test holds them together. */
export const engineVersion = "0.1.0";

declare const __COMMIT__: string | undefined;
declare const __BUILT__: string | undefined;

/** What the build says of its sources (source-facts.node.ts); empty where it says nothing. */
export const source = {
  commit: typeof __COMMIT__ === "string" ? __COMMIT__ : "",
  /** RFC 3339. */
  built: typeof __BUILT__ === "string" ? __BUILT__ : "",
};
