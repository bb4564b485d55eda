/** The version of package.json; a test holds them together. */
export const engineVersion = "0.1.0";
