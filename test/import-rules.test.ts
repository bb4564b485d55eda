import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Files are named by their paths in this repository. */
interface Rule {
  readonly from: (file: string) => boolean;
  readonly to: (file: string, from: string) => boolean;
  /** The seam to use instead. */
  readonly instead: string;
}

/** The engine's parts, from the bottom up: a part may import those of its own layer and of the layers below. */
const layers = [
  ["errdefs", "internal", "oci", "reference"],
  ["archive", "content", "events", "metadata", "runtime", "shim", "snapshots", "vm"],
  ["distribution", "host", "images", "logger", "network", "volumes"],
  ["containers"],
] as const;
const [, base, middle, topmost] = layers;
const parts = layers.flat();

/** Adapters to an environment, and the two roots that choose among them (docs/decisions/001). */
const isAdapter = (file: string) => /\.(node|browser)\.ts$/.test(file);
const isRoot = (file: string) => ["worker/main.ts", "worker/node.ts"].includes(file);
const isEnvironment = (file: string) => isAdapter(file) || isRoot(file);

/** `NAME.ts` or what is in the folder `NAME`, of the engine. */
const inEngine =
  (...names: readonly string[]) =>
  (file: string) =>
    names.some((name) => file === `worker/${name}.ts` || file.startsWith(`worker/${name}/`));
/** The same, without adapters. */
const coreOf =
  (...names: readonly string[]) =>
  (file: string) =>
    inEngine(...names)(file) && !isAdapter(file);
const inWeb =
  (...names: readonly string[]) =>
  (file: string) =>
    names.some((name) => file.startsWith(`web/${name}/`));

/** What clients share with the engine (docs/decisions/002). */
const isShared = (file: string) =>
  inEngine("api", "internal", "reference", "port", "host/host-session", "shim/guest")(file);
const isClientRoot = (file: string) => ["web/main.tsx", "web/node.ts"].includes(file);

const rules: readonly Rule[] = [
  ...layers.map((layer, index) => ({
    from: coreOf(...layer),
    to: inEngine(...layers.slice(index + 1).flat()),
    instead: "imports point downward only: take a narrow interface in the constructor",
  })),
  {
    from: coreOf(...parts),
    to: (file) => inEngine("api")(file) && !inEngine("api/types")(file),
    instead:
      "the engine's parts fit the backend interfaces of worker/api structurally, or import types from worker/api/types",
  },
  {
    from: coreOf(...parts),
    to: inEngine("daemon", "port"),
    instead: "wiring is done in the composition roots: take an interface in the constructor",
  },
  {
    from: coreOf(...parts, "daemon", "api", "port"),
    to: isEnvironment,
    instead: "adapters are chosen in the composition roots: take an interface in the constructor",
  },
  {
    from: coreOf("daemon"),
    to: inEngine("port"),
    instead: "the composition roots serve the engine's doors",
  },
  {
    from: coreOf("api"),
    to: inEngine(...base, ...middle, ...topmost, "daemon", "port"),
    instead:
      "the API reaches the engine's parts through the backend interfaces that it declares (worker/api/*-backend.ts)",
  },
  {
    from: coreOf("port"),
    to: (file) => inEngine(...base, ...middle, ...topmost, "daemon")(file) && !inEngine("host", "shim", "vm")(file),
    instead: "ports carry the engine's two doors, worker/api/engine-api.ts and worker/host/host-session.ts",
  },
  {
    from: (file) => file.startsWith("worker/") && isAdapter(file),
    to: (file, from) =>
      (inEngine("events", ...middle, ...topmost, "port")(file) && dirname(file) !== dirname(from)) || isRoot(file),
    instead: "an adapter fits the interface beside it, and knows nothing of who uses that",
  },
  {
    from: (file) => file.startsWith("worker/"),
    to: (file) => file.startsWith("web/"),
    instead: "the engine does not know its clients: they meet at the Engine API and HostSession",
  },
  {
    from: (file) => file.startsWith("web/") && !isClientRoot(file),
    to: (file) => file.startsWith("worker/") && !isShared(file),
    instead: "clients know the engine by its API alone: import types from worker/api, or the HostSession port",
  },
  {
    from: (file) => inWeb("cli", "client")(file) && !file.endsWith(".node.ts"),
    to: (file) =>
      inWeb("components", "proxy", "run", "server", "session", "terminal")(file) ||
      file.endsWith(".tsx") ||
      (file.startsWith("web/") && isAdapter(file)),
    instead:
      "the docker command serves the page, the guest and Node alike: take what the environment has through CliContext",
  },
];

const top = fileURLToPath(new URL("..", import.meta.url));
const statement = /(?:^|\n)\s*(?:import|export)\b[^"';]*?from\s*"(\.[^"]+)"|\bimport\(?\s*"(\.[^"]+)"/g;

/** Tests, contract suites and configurations may import anything. */
function sources(): readonly string[] {
  const files = ["worker", "web"].flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  return files.filter((file) => /\.tsx?$/.test(file) && !/\.(test|suite|config)\.ts$/.test(file));
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(top, file), "utf8");
  return [...text.matchAll(statement)].map(([, from, only]) => normalize(join(dirname(file), from ?? only ?? "")));
}

function refusals(from: string, to: string): readonly string[] {
  return rules
    .filter((rule) => rule.from(from) && rule.to(to, from))
    .map(({ instead }) => `${from} imports ${to}: ${instead}`);
}

it("imports point one way", () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(400);
  expect(files.flatMap((from) => importsOf(from).flatMap((to) => refusals(from, to)))).toEqual([]);
});

it("imports of every form are seen", () => {
  expect(importsOf("web/node.ts")).toEqual(expect.arrayContaining(["web/cli/docker.ts", "worker/node.ts"]));
  expect(importsOf("worker/api/types/common.ts")).toContain("worker/oci/platform.ts");
  expect(importsOf("worker/containers/containers.ts")).toContain("worker/api/types/container.ts");
});

it.each([
  ["worker/oci/platform.ts", "worker/content/store.ts"],
  ["worker/shim/guest.ts", "worker/images/images.ts"],
  ["worker/volumes/volume-store.ts", "worker/containers/containers.ts"],
  ["worker/containers/containers.ts", "worker/api/container.ts"],
  ["worker/containers/containers.ts", "worker/daemon.ts"],
  ["worker/images/puller.ts", "worker/daemon/system.ts"],
  ["worker/images/puller.ts", "worker/port/channel.ts"],
  ["worker/content/store.ts", "worker/content/fs.node.ts"],
  ["worker/daemon.ts", "worker/node.ts"],
  ["worker/daemon/system.ts", "worker/port/channel.ts"],
  ["worker/api/image.ts", "worker/images/images.ts"],
  ["worker/api/image.ts", "worker/api/http.node.ts"],
  ["worker/port/channel.ts", "worker/containers/containers.ts"],
  ["worker/port/channel.ts", "worker/main.ts"],
  ["worker/content/fs.node.ts", "worker/images/images.ts"],
  ["worker/content/fs.node.ts", "worker/node.ts"],
  ["worker/vm/machine.ts", "web/node.ts"],
  ["web/session/phase.ts", "worker/shim/agent-client.ts"],
  ["web/cli/docker.ts", "web/session/phase.ts"],
  ["web/cli/docker.ts", "web/cli/context.node.ts"],
  ["web/client/engine-client.ts", "web/app.tsx"],
])("%s may not import %s", (from, to) => {
  expect(refusals(from, to)).not.toEqual([]);
});

it.each([
  ["worker/containers/containers.ts", "worker/api/types/backend.ts"],
  ["worker/node.ts", "worker/content/fs.node.ts"],
  ["worker/port/host-server.ts", "worker/host/host-session.ts"],
  ["web/node.ts", "worker/node.ts"],
  ["web/cli/invocation.ts", "worker/internal/wire/frames.ts"],
  ["web/cli/context.node.ts", "web/run/own-engine.node.ts"],
])("%s may import %s", (from, to) => {
  expect(refusals(from, to)).toEqual([]);
});
