/**
 * The page's Content-Security-Policy: written into the page for any host, and the larger part of Wherry's own server's.
 * `wasm-unsafe-eval` compiles what the emulator's JIT writes; `blob:` is the emulator's timer worker; xterm.js places its
 * measured styles in style elements; registries that allow it are asked directly over https.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self' https: http://127.0.0.1:* http://localhost:*",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * What Wherry's own server sends as a header. Nobody else's page may hold this one in a frame; in the page itself browsers
 * ignore that directive, and other hosts may want to.
 */
export const contentSecurityPolicyHeader = `${contentSecurityPolicy}; frame-ancestors 'self'`;
