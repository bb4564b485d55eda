import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineApi } from "./api/engine-api.ts";
import { type ApiListener, listen } from "./api/http.node.ts";
import { createNodeSha256 } from "./archive/sha256.node.ts";
import { FsFiles } from "./content/fs.node.ts";
import { ApiGate } from "./daemon/api-gate.ts";
import { type DaemonFlags, parseFlags } from "./daemon/flags.node.ts";
import { SharedBindSources } from "./daemon/host-bind-sources.ts";
import { IdleWatch } from "./daemon/idle.ts";
import { stderrLog } from "./daemon/log.node.ts";
import { NamedBinds } from "./daemon/named-binds.ts";
import { writePidFile } from "./daemon/pidfile.node.ts";
import { engineVersion, source } from "./daemon/version.ts";
import { Daemon, type Log } from "./daemon.ts";
import { isInsecure } from "./distribution/endpoints.ts";
import { LayoutRegistry } from "./distribution/layout.ts";
import { folderLayout } from "./distribution/layout-folder.node.ts";
import { registryFetch } from "./distribution/registry-fetch.node.ts";
import { errorMessage, isEngineError, system } from "./errdefs/errors.ts";
import { systemClock } from "./internal/clock.ts";
import { lockDataRoot } from "./metadata/data-root-lock.node.ts";
import { FsRecords } from "./metadata/fs.node.ts";
import { PROTOCOL_VERSION } from "./shim/protocol.ts";
import { type GuestFolder, openGuestFolder } from "./vm/guest-files.node.ts";
import { FolderTree } from "./vm/share.node.ts";
import { folderPlaces } from "./vm/share-places.node.ts";
import { V86Machine } from "./vm/v86.ts";

/** Where the guest mounts the machine's files. */
const hostMountpoint = "/run/wherry/host";

/** `wherry daemon`: runs the engine until it is told to end. Answers the exit code. */
export async function daemon(argv: readonly string[]): Promise<number> {
  let flags: DaemonFlags;
  try {
    const surroundings = { env: process.env, uid: process.getuid?.() ?? 0, home: homedir(), cwd: process.cwd() };
    const command = parseFlags(argv, surroundings);
    if (command.kind === "help") return print(command.text);
    if (command.kind === "version") return print(`Wherry version ${engineVersion}`);
    flags = command.flags;
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\nSee 'wherry daemon --help'.\n`);
    return 125;
  }
  const log = stderrLog(flags.logLevel);
  try {
    await run(flags, log);
    return 0;
  } catch (error) {
    log("error", errorMessage(error));
    if (flags.debug || !isEngineError(error)) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.stderr.write(`failed to start daemon: ${errorMessage(error).replace(/^failed to start daemon: /, "")}\n`);
    return 1;
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Everything that was opened is closed again, in the opposite order, however this ends. */
async function run(flags: DaemonFlags, log: Log): Promise<void> {
  const ended = signalled(log);
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const lock = await lockDataRoot(flags.dataRoot);
    opened.push(() => lock.release());
    if (flags.pidfile) {
      const pidfile = await writePidFile(flags.pidfile);
      opened.push(() => pidfile.remove());
    }
    const gate = new ApiGate();
    const listeners: ApiListener[] = [];
    for (const address of flags.hosts) {
      const listener: ApiListener = await listen(address, gate);
      listeners.push(listener);
      opened.push(() => listener.close());
      log("info", `API listen on ${listener.url.replace(/^unix:\/\//, "")}`);
      if (address.kind === "tcp" && !/^(127\.|::1$|localhost$)/.test(address.host)) {
        log(
          "warn",
          `${listener.url} gives everyone who can reach it control of this engine: there is no authentication`,
        );
      }
    }
    const { engine, api } = await start(flags, log);
    opened.push(() => engine.stop());
    gate.open(api);
    log("info", "Daemon has completed initialization");
    const idle = flags.exitWhenIdle && becomesIdle(flags.exitWhenIdle, { gate, listeners, api: engine.api });
    if ((await Promise.race([ended, ...(idle ? [idle] : [])])) !== "idle") return;
    // Before all else: who comes from now on finds nobody, and starts another engine.
    await Promise.all(listeners.map((listener) => listener.close()));
    log("info", "No container and no client is left: ending (--exit-when-idle)");
  } finally {
    for (const close of opened.reverse()) await close().catch((error: unknown) => log("error", errorMessage(error)));
  }
}

interface InUse {
  readonly gate: ApiGate;
  readonly listeners: readonly ApiListener[];
  readonly api: EngineApi;
}

async function becomesIdle(after: number, { gate, listeners, api }: InUse): Promise<"idle"> {
  const busy = async () => {
    const counts = await Promise.all(listeners.map((listener) => listener.connections()));
    if (counts.some((count) => count > 0)) return true;
    const running = await api.fetch(new Request("http://docker/containers/json"));
    return !running.ok || ((await running.json()) as readonly unknown[]).length > 0;
  };
  const watch = new IdleWatch({ clock: systemClock(), after, busy });
  gate.onUse = () => watch.touch();
  await watch.idle();
  return "idle";
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function signalled(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (told) process.exit(130);
        told = true;
        log("info", `Processing signal '${signal === "SIGINT" ? "interrupt" : "terminated"}'`);
        resolve();
      });
    }
  });
}

/** `api` is what this machine's clients get. */
async function start(flags: DaemonFlags, log: Log): Promise<{ readonly engine: Daemon; readonly api: EngineApi }> {
  const { manifest, components } = await openGuest(process.env.WHERRY_GUEST ?? beside("guest"));
  const machine = new V86Machine(components, { id: "main", memory: manifest.machine.memory });
  for (const { name, folder, readOnly } of flags.shares) machine.files.share(name, sharedFolder(folder, readOnly));
  machine.onConsole((text) => log("debug", `guest: ${text.trimEnd()}`));
  const images = process.env.WHERRY_IMAGES ?? beside("images");
  const bundled =
    flags.bundledRegistry && existsSync(join(images, "index.json"))
      ? new LayoutRegistry({ name: images, files: folderLayout(images), createSha256: createNodeSha256 })
      : undefined;
  const mirrors = flags.mirrors;
  const sockets = flags.hosts.flatMap((address) => (address.kind === "unix" ? [address.path] : []));
  const binds = new SharedBindSources(flags.shares, hostMountpoint, sockets);
  const records = await FsRecords.open(join(flags.dataRoot, "records.journal"));
  const engine = await Daemon.start({
    machine,
    records,
    files: await FsFiles.open(join(flags.dataRoot, "content")),
    fetch: registryFetch(({ host }) => isInsecure(host, flags.insecureRegistries)),
    createSha256: createNodeSha256,
    clock: systemClock(),
    binds,
    registries: { mirrors, insecureRegistries: flags.insecureRegistries },
    ...(bundled ? { bundled } : {}),
    facts: {
      version: engineVersion,
      ...source,
      javascript: `Node.js ${process.version}`,
      components: [
        { name: "v86", version: manifest.machine.v86 },
        { name: "crun", version: manifest.versions.runtime },
        { name: "docker-init", version: manifest.versions.init },
      ],
      debug: flags.debug,
    },
    log,
    onProgress: ({ what }) => log("debug", what),
  });
  const named = { api: engine.api, binds, files: machine.files, places: folderPlaces, records };
  return { engine, api: flags.shareBinds ? await NamedBinds.open(named) : engine.api };
}

function sharedFolder(folder: string, readOnly: boolean): FolderTree {
  try {
    return new FolderTree(folder, { readOnly });
  } catch (error) {
    throw system(`cannot share ${folder}: ${errorMessage(error)}`, { cause: error });
  }
}

async function openGuest(folder: string): Promise<GuestFolder> {
  if (!existsSync(join(folder, "guest.json")))
    throw system(`no guest in ${folder}: in a clone, "npm run guest" builds it`);
  return openGuestFolder(folder, PROTOCOL_VERSION);
}

/** In a clone as in the package: `dist/NAME` beside the `dist/node` that this runs from. */
function beside(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}
