import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { sourceFacts } from "../worker/source-facts.node.ts";
import { contentSecurityPolicy } from "./csp.ts";
import { precompress } from "./precompress.node.ts";

const top = fileURLToPath(new URL("..", import.meta.url));

/** Builds the page into dist/page. `base` is relative, so any static host serves it under any path. */
export default defineConfig({
  root: `${top}web`,
  base: "./",
  publicDir: `${top}public`,
  define: {
    ...sourceFacts(top),
    // Where the page finds a registry proxy, relative to the page; empty when the host offers none.
    __REGISTRY_PROXY__: JSON.stringify(process.env.WHERRY_REGISTRY_PROXY ?? "./registry-proxy/"),
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: `${top}dist/page`,
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  plugins: [
    {
      name: "wherry:content-security-policy",
      transformIndexHtml: {
        order: "post",
        handler: () => [
          {
            tag: "meta",
            attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy },
            injectTo: "head-prepend",
          },
        ],
      },
    },
    {
      name: "wherry:precompress",
      // The folder that is being written to, which the command line may have changed.
      writeBundle: ({ dir }) => (dir ? precompress(dir) : undefined),
    },
  ],
});
