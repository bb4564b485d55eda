import "@xterm/xterm/css/xterm.css";
import "./styles.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { serveInvocations } from "./cli/serve-invocations.ts";
import { EngineClient } from "./client/engine-client.ts";
import { HostSessionClient } from "./client/host-session-client.ts";
import type { SessionComponents } from "./session/session.browser.ts";

/** Where this build's host offers a registry proxy, relative to the page; empty where it offers none. */
declare const __REGISTRY_PROXY__: string;

const beside = (path: string) => new URL(path, document.baseURI).href;

const components: SessionComponents = {
  options: {
    guest: beside("./guest/"),
    bundledRegistry: beside("./images/"),
    ...(__REGISTRY_PROXY__ ? { registryProxy: beside(__REGISTRY_PROXY__) } : {}),
  },
  spawnWorker: () => new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module", name: "engine" }),
  connectEngine: (port) => new EngineClient(port),
  connectHost: (port) => new HostSessionClient(port),
  serve: (host, engine) => {
    serveInvocations(host, engine);
  },
};

const root = document.getElementById("app");
if (root) render(<App components={components} />, root);
