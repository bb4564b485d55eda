/** Who the client says it is. */
export const clientVersion = {
  platform: "Wherry",
  version: "0.1.0",
  /** The release of Docker's CLI whose command line this one follows. */
  dockerVersion: "28.2.2",
} as const;
