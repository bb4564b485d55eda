import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { sourceFacts } from "./source-facts.node.ts";

/**
 * A shell reads the second line, Node takes it for a string. Without `--` Node would read `--env-file` of `docker run` itself,
 * wherever it stands.
 */
const launcher = '#!/bin/sh\n":" //; exec node -- "$0" "$@"';

const top = fileURLToPath(new URL("..", import.meta.url));

/** What runs on Node, as JavaScript without dependencies: dist/node/wherry.js. */
export default defineConfig({
  root: top,
  publicDir: false,
  define: sourceFacts(top),
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: `${top}dist/node`,
    emptyOutDir: true,
    target: "node20",
    minify: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      input: { wherry: `${top}web/run/wherry.node.ts` },
      // All in one folder: files beside the bundle are found from any chunk by the same relative path.
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name]-[hash].js",
        postBanner: ({ isEntry }) => (isEntry ? launcher : ""),
      },
    },
  },
});
