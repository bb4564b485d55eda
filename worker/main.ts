import * as Comlink from "comlink";
import { createSha256 } from "./archive/sha256.ts";
import { IndexedDbFiles } from "./content/indexeddb.browser.ts";
import { MemoryFiles } from "./content/memory.ts";
import { guestBindSources } from "./daemon/host-bind-sources.ts";
import { engineVersion, source } from "./daemon/version.ts";
import { Daemon } from "./daemon.ts";
import { defaultLimits, type Fetch } from "./distribution/http.ts";
import { LayoutRegistry, urlLayout } from "./distribution/layout.ts";
import { browserFetch } from "./distribution/proxied-fetch.ts";
import { unavailable } from "./errdefs/errors.ts";
import { systemClock } from "./internal/clock.ts";
import { makeStreamsIterable } from "./internal/iterable-streams.browser.ts";
import { IndexedDbRecords } from "./metadata/indexeddb.browser.ts";
import { MemoryRecords } from "./metadata/memory.ts";
import { serveEngineApi } from "./port/engine-server.ts";
import { serveHostSession } from "./port/host-server.ts";
import type { EngineWorker, EngineWorkerOptions } from "./port/life-cycle.ts";
import { PROTOCOL_VERSION } from "./shim/protocol.ts";
import { openGuestDownload } from "./vm/guest-files.browser.ts";
import type { StartProgress } from "./vm/machine.ts";
import { V86Machine } from "./vm/v86.ts";

/** The browser's composition root: the engine in a web worker, reached through Comlink and two ports. */
class BrowserEngine implements EngineWorker {
  #daemon: Daemon | undefined;
  #onGuestGone: (reason: string) => void = () => undefined;
  #onGuestSilence: (silent: boolean) => void = () => undefined;

  async start(options: EngineWorkerOptions, onProgress: (progress: StartProgress) => void): Promise<void> {
    const { manifest, components } = await openGuestDownload(new URL(options.guest), PROTOCOL_VERSION);
    const machine = new V86Machine(components, { id: "main", memory: manifest.machine.memory });
    const direct: Fetch = (url, init) => fetch(url, init);
    const proxied = browserFetch({ fetch: direct, ...(options.registryProxy ? { proxy: options.registryProxy } : {}) });
    this.#daemon = await Daemon.start({
      machine,
      ...(await storage(options.storage)),
      fetch: proxied,
      createSha256,
      clock: systemClock(),
      binds: guestBindSources,
      registries: { mirrors: [], insecureRegistries: [] },
      bundled: new LayoutRegistry({
        name: "bundled",
        files: urlLayout({
          fetch: direct,
          base: new URL(options.bundledRegistry),
          idleTimeout: defaultLimits.idleTimeout,
        }),
        createSha256,
      }),
      facts: {
        version: engineVersion,
        ...source,
        javascript: browserName(navigator.userAgent),
        components: [
          { name: "crun", version: manifest.versions.runtime },
          { name: "docker-init", version: manifest.versions.init },
          { name: "v86", version: manifest.machine.v86 },
        ],
        debug: false,
      },
      log: (level, message) => console[level](message),
      onProgress,
      onGuestSilence: (silent) => this.#onGuestSilence(silent),
    });
    this.#daemon.onGuestGone((reason) => this.#onGuestGone(reason));
  }

  async connectEngine(port: MessagePort): Promise<void> {
    serveEngineApi(port, this.#running().api);
  }

  async connectHost(port: MessagePort): Promise<void> {
    serveHostSession(port, this.#running().host);
  }

  async onGuestGone(listener: (reason: string) => void): Promise<void> {
    this.#onGuestGone = listener;
  }

  async onGuestSilence(listener: (silent: boolean) => void): Promise<void> {
    this.#onGuestSilence = listener;
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }

  #running(): Daemon {
    if (!this.#daemon) throw unavailable("the engine has not started");
    return this.#daemon;
  }
}

/** Such as "Chrome/156.0.0.0": a user agent begins with names of browsers that it is not. */
function browserName(userAgent: string): string {
  return /(?:Firefox|\w*Chrome|Safari)\/[\d.]+/.exec(userAgent)?.[0] ?? userAgent;
}

async function storage(kind: EngineWorkerOptions["storage"]) {
  if (kind === "memory") return { records: new MemoryRecords(), files: new MemoryFiles() };
  return { records: await IndexedDbRecords.open("wherry-records"), files: await IndexedDbFiles.open("wherry-files") };
}

makeStreamsIterable();
Comlink.expose(new BrowserEngine());
