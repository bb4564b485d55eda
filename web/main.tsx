import { Session } from "./session/session.browser.ts";
import "./styles.css";

/** Where this build's host offers a registry proxy, relative to the page; empty where it offers none. */
declare const __REGISTRY_PROXY__: string;

const beside = (path: string) => new URL(path, document.baseURI).href;

// The guest boots while the terminal and the docker command, which are most of the page's script, are still on their way.
const page = import("./page.tsx");

const session = new Session({
  options: {
    guest: beside("./guest/"),
    bundledRegistry: beside("./images/"),
    ...(__REGISTRY_PROXY__ ? { registryProxy: beside(__REGISTRY_PROXY__) } : {}),
  },
  spawnWorker: () => new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module", name: "engine" }),
  connect: async (ports) => (await page).connect(ports),
});

void session.start();
const root = document.getElementById("app");
try {
  const { show } = await page;
  if (root) show(session, root);
} catch {
  // What shows everything else is not there, and a second import would answer the same.
  const status = document.querySelector("[role=status]");
  const again = document.createElement("button");
  again.textContent = "Try again";
  again.onclick = () => location.reload();
  status?.replaceChildren("Wherry could not start: a script of the page could not be loaded. ", again);
}
