import type { ContainerListOptions } from "../api/types/backend.ts";
import type { Filters } from "../api/types/common.ts";
import type { ContainerSummary } from "../api/types/container.ts";
import type { PortSummary } from "../api/types/host-config.ts";
import type { NetworkSettings } from "../api/types/network.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { checkFilterNames, matchesAny, matchesLabels, patternFilter } from "../internal/filters.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import type { ContainerView } from "./inspect.ts";
import { apiStatus } from "./status-text.ts";

const filterNames =
  "ancestor before exited expose health id is-task isolation label name network publish since status volume".split(" ");
const statuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const healths = ["none", "starting", "healthy", "unhealthy"];

/** `docker ps`: newest first. Throws `InvalidParameter` with Docker's texts. */
export async function listContainers(
  components: Pick<ContainersComponents, "images">,
  table: ContainerTable,
  view: ContainerView,
  options: ContainerListOptions,
): Promise<readonly ContainerSummary[]> {
  checkFilters(options.filters);
  const { filters, limit } = options;
  const all = options.all || limit > 0 || filters.has("status");
  const wanted = await matcher(components, table, view, filters);
  const matching = table.all().filter((container) => (all || container.isRunning) && wanted(container));
  const shown = limit > 0 ? matching.slice(0, limit) : matching;
  const references = [...new Set(shown.map((container) => container.record.config.Image))];
  const current = new Map(
    await Promise.all(
      references.map(async (reference) => [reference, await components.images.resolve(reference)] as const),
    ),
  );
  return Promise.all(
    shown.map(async (container) => {
      const { imageId, config } = container.record;
      // A tag that has moved on names another image now.
      const image = current.get(config.Image) === imageId ? config.Image : imageId;
      const summary = view.summary(container, image);
      if (!options.size) return summary;
      const { SizeRw, SizeRootFs } = await view.sizes(container);
      // As Docker: a member that is 0 is left out.
      return { ...summary, ...(SizeRw > 0 && { SizeRw }), ...(SizeRootFs > 0 && { SizeRootFs }) };
    }),
  );
}

function checkFilters(filters: Filters): void {
  checkFilterNames(filters, filterNames);
  for (const [name, kind, allowed] of [
    ["status", "state", statuses],
    ["health", "health", healths],
  ] as const) {
    for (const value of filters.get(name) ?? []) {
      if (allowed.includes(value)) continue;
      throw invalidParameter(
        `invalid filter '${name}=${value}': invalid value for ${kind} (${value}): must be one of ${allowed.join(", ")}`,
      );
    }
  }
  for (const value of filters.get("is-task") ?? []) {
    if (!["0", "1", "true", "false"].includes(value)) throw invalidParameter(`invalid filter 'is-task=[${value}]'`);
  }
  for (const value of filters.get("exited") ?? []) {
    if (/^[+-]?\d+$/.test(value)) continue;
    throw invalidParameter(
      `invalid filter 'exited=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
}

async function matcher(
  { images }: Pick<ContainersComponents, "images">,
  table: ContainerTable,
  view: ContainerView,
  filters: Filters,
): Promise<(container: Container) => boolean> {
  const any = (name: string, test: (value: string) => boolean) => matchesAny(filters, name, test);
  const ancestors = new Set(await Promise.all((filters.get("ancestor") ?? []).map((name) => images.resolve(name))));
  const createdOf = (name: string) => (filters.get(name) ?? []).map((value) => table.get(value).record.created);
  const before = createdOf("before");
  const since = createdOf("since");
  const named = patternFilter(filters, "name");
  // A prefix that several have is nobody's.
  const identified = new Set((filters.get("id") ?? []).map((prefix) => table.withPrefix(prefix)));
  const ports = portFilter(filters);
  return (container) => {
    const { record, state } = container;
    return (
      (identified.size === 0 || identified.has(container)) &&
      (named(`/${record.name}`) || named(record.name)) &&
      any("status", (value) => value === apiStatus(state, container.removing)) &&
      any("exited", (value) => state.status === "exited" && Number(value) === state.exitCode) &&
      any("health", (value) => value === (container.health?.Status ?? "none")) &&
      matchesLabels(record.config.Labels ?? {}, filters.get("label")) &&
      (ancestors.size === 0 || ancestors.has(record.imageId)) &&
      before.every((created) => record.created < created) &&
      since.every((created) => record.created > created) &&
      any("network", (value) => hasNetwork(view.networks(container), value)) &&
      any("volume", (value) =>
        record.mounts.some(({ point }) => [point.Name ?? point.Source, point.Destination].includes(value)),
      ) &&
      ports(view.ports(container)) &&
      // Which isolation is asked for matters to Docker on Windows alone.
      any("is-task", (value) => ["false", "0"].includes(value))
    );
  };
}

/** By name, or by the beginning of its ID. */
function hasNetwork({ Networks }: NetworkSettings, wanted: string): boolean {
  return Object.entries(Networks).some(([name, { NetworkID }]) => name === wanted || NetworkID.startsWith(wanted));
}

/** `publish` and `expose`: a container passes with one port that either of them wants. */
function portFilter(filters: Filters): (ports: readonly PortSummary[]) => boolean {
  const wanted = (["publish", "expose"] as const).flatMap((filter) =>
    (filters.get(filter) ?? []).map((value) => portMatcher(filter, value)),
  );
  return (ports) => wanted.length === 0 || wanted.some((matches) => ports.some(matches));
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function portMatcher(filter: "publish" | "expose", wanted: string): (port: PortSummary) => boolean {
  if (wanted.includes(":")) throw invalidParameter(`filter for '${filter}' should not contain ':': ${wanted}`);
  const [range = "", protocol = "tcp"] = wanted.split("/", 2);
  const [from = "", to = from] = range.split("-", 2);
  const refuse = (reason: string) => invalidParameter(`error while looking up for ${filter} ${wanted}: ${reason}`);
  if (range === "") throw refuse("Empty string specified for ports.");
  for (const side of [from, to]) {
    if (!/^\d+$/.test(side)) throw refuse(`strconv.ParseUint: parsing ${JSON.stringify(side)}: invalid syntax`);
    if (Number(side) > 0xffff) throw refuse(`strconv.ParseUint: parsing ${JSON.stringify(side)}: value out of range`);
  }
  const [first, last] = [Number(from), Number(to)];
  if (last < first) throw refuse(`Invalid range specified for the Port: ${range}`);
  return ({ PublicPort = 0, PrivatePort, Type }) => {
    const port = filter === "publish" ? PublicPort : PrivatePort;
    return Type === protocol && port >= first && port <= last;
  };
}
