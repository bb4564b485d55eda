/** Headers between the engine in a browser (worker/distribution/proxied-fetch.ts) and the registry proxy (web/proxy). */
export const proxyHeaders = {
  /**
   * Sent with every request: a page of another origin can't add it without asking first. And with every answer: a host
   * of files that knows no proxy answers 404 on its own account.
   */
  request: "x-wherry-proxy",
  /** Carries the registry's WWW-Authenticate, which would make a browser ask the user for a password. */
  challenge: "x-wherry-www-authenticate",
  /** Set when the answer is the proxy's own: `not-allowed`, `failed`, or `untrusted` for a certificate that it does not accept. */
  error: "x-wherry-proxy-error",
  /** The proxy's own words with that, percent-encoded: the answer to a HEAD has no body. */
  message: "x-wherry-proxy-message",
} as const;
