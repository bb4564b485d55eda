import type { ContainerSummary } from "../api/types/container.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { checkFilterNames, type FilterValues, matchesLabels } from "../internal/filters.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import type { ContainerView } from "./inspect.ts";
import { apiStatus } from "./status-text.ts";

export interface ListOptions {
  readonly all: boolean;
  readonly size: boolean;
  readonly limit: number;
  readonly filters: FilterValues;
}

const filterNames =
  "ancestor before exited expose health id is-task isolation label name network publish since status volume".split(" ");
const statuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const healths = ["none", "starting", "healthy", "unhealthy"];

/** `docker ps`: newest first. Throws `InvalidParameter` with Docker's texts. */
export async function listContainers(
  components: Pick<ContainersComponents, "images">,
  table: ContainerTable,
  view: ContainerView,
  options: ListOptions,
): Promise<readonly ContainerSummary[]> {
  checkFilters(options.filters);
  const { filters, limit } = options;
  const all = options.all || limit > 0 || filters.has("status") || filters.has("exited");
  const wanted = await matcher(components, table, filters);
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
      return { ...view.summary(container, image), ...(options.size && (await view.sizes(container))) };
    }),
  );
}

function checkFilters(filters: FilterValues): void {
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
  filters: FilterValues,
): Promise<(container: Container) => boolean> {
  const any = (name: string, test: (value: string) => boolean) => {
    const values = filters.get(name);
    return !values || values.length === 0 || values.some(test);
  };
  const ancestors = new Set(
    await Promise.all((filters.get("ancestor") ?? []).map(async (name) => (await images.resolve(name)) ?? name)),
  );
  const createdOf = (name: string) => (filters.get(name) ?? []).map((value) => table.get(value).record.created);
  const before = createdOf("before");
  const since = createdOf("since");
  return (container) => {
    const { record, state } = container;
    return (
      any("id", (value) => record.id.startsWith(value)) &&
      any("name", (value) => matchesName(record.name, value)) &&
      any("status", (value) => value === apiStatus(state, container.removing)) &&
      any("exited", (value) => state.status === "exited" && Number(value) === state.exitCode) &&
      any("health", (value) => value === (container.health?.Status ?? "none")) &&
      matchesLabels(record.config.Labels ?? {}, filters.get("label")) &&
      (ancestors.size === 0 || ancestors.has(record.imageId) || ancestors.has(record.config.Image)) &&
      before.every((created) => record.created < created) &&
      since.every((created) => record.created > created) &&
      any("network", (value) => value === record.hostConfig.NetworkMode) &&
      any("volume", (value) =>
        record.mounts.some(({ point }) => [point.Name, point.Destination, point.Source].includes(value)),
      ) &&
      any("expose", (value) => exposes(record.config.ExposedPorts ?? {}, value)) &&
      any("publish", () => false) &&
      any("is-task", (value) => ["false", "0"].includes(value)) &&
      any("isolation", (value) => ["default", ""].includes(value))
    );
  };
}

/**
 * Docker takes the value for a regular expression. One with groups or counts is looked for as it stands: such can keep this
 * engine's matcher busy for ever.
 */
function matchesName(name: string, wanted: string): boolean {
  if (/[(){}+?\\]/.test(wanted)) return name.includes(wanted);
  try {
    const pattern = new RegExp(wanted);
    return pattern.test(`/${name}`) || pattern.test(name);
  } catch {
    return name.includes(wanted);
  }
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function exposes(exposed: Readonly<Record<string, unknown>>, wanted: string): boolean {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(wanted);
  if (!match) throw invalidParameter(`invalid filter 'expose=${wanted}'`);
  const [, first = "0", last = first, protocol = "tcp"] = match;
  return Object.keys(exposed).some((port) => {
    const [number = "0", type = "tcp"] = port.split("/");
    return type === protocol && Number(number) >= Number(first) && Number(number) <= Number(last);
  });
}
