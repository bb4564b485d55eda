import type { Filters } from "../api/types/common.ts";
import type { NetworkInspect } from "../api/types/network.ts";
import { forbidden, invalidParameter, notFound, notImplemented } from "../errdefs/errors.ts";
import { checkFilterNames, matchesAny, matchesLabels, patternFilter } from "../internal/filters.ts";
import { generateId } from "../internal/ids.ts";
import { pruneUntil } from "../internal/until.ts";
import type { RecordStore } from "../metadata/records.ts";

const predefined = [
  { name: "bridge", driver: "bridge" },
  { name: "host", driver: "host" },
  { name: "none", driver: "null" },
] as const;

export interface NetworksComponents {
  readonly records: RecordStore;
  readonly now: () => Date;
}

/** The three networks that every engine has. Their IDs are made once and kept. */
export class Networks {
  readonly #networks: readonly NetworkInspect[];

  private constructor(networks: readonly NetworkInspect[]) {
    this.#networks = networks;
  }

  static async open({ records, now }: NetworksComponents): Promise<Networks> {
    const kept = await records.get("networks/predefined");
    if (isKept(kept)) return new Networks(kept.map(({ name, id, created }) => describe(name, id, created)));
    const made = predefined.map(({ name }) => ({ name, id: generateId(), created: now().toISOString() }));
    await records.apply([{ key: "networks/predefined", value: made }]);
    return new Networks(made.map(({ name, id, created }) => describe(name, id, created)));
  }

  /** The ID of a predefined network. */
  id(name: string): string {
    return this.#networks.find((network) => network.Name === name)?.Id ?? "";
  }

  async list(filters: Filters): Promise<readonly NetworkInspect[]> {
    checkFilterNames(filters, ["dangling", "driver", "id", "label", "name", "scope", "type"]);
    if ((filters.get("dangling")?.length ?? 0) > 1) {
      throw invalidParameter('got more than one value for filter key "dangling"');
    }
    for (const value of filters.get("dangling") ?? []) {
      if (["true", "1", "false", "0"].includes(value)) continue;
      throw invalidParameter(`invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`);
    }
    for (const value of filters.get("type") ?? []) {
      if (!["builtin", "custom"].includes(value)) throw invalidParameter(`invalid filter: 'type'='${value}'`);
    }
    const any = (name: string, test: (value: string) => boolean) => matchesAny(filters, name, test);
    const hasId = patternFilter(filters, "id");
    const named = patternFilter(filters, "name");
    return this.#networks.filter(
      (network) =>
        any("driver", (value) => value === network.Driver) &&
        hasId(network.Id) &&
        named(network.Name) &&
        any("scope", (value) => value === network.Scope) &&
        any("type", (value) => value === "builtin") &&
        any("dangling", (value) => ["false", "0"].includes(value)) &&
        matchesLabels(network.Labels, filters.get("label")),
    );
  }

  async inspect(name: string, { scope = "" }: { readonly scope?: string } = {}): Promise<NetworkInspect> {
    const network =
      this.#networks.find((candidate) => candidate.Name === name || candidate.Id === name) ??
      this.#networks.find((candidate) => name !== "" && candidate.Id.startsWith(name));
    if (!network || (scope !== "" && scope !== network.Scope)) throw notFound(`network ${name} not found`);
    return network;
  }

  async create({ Name }: { readonly Name: string }): Promise<never> {
    if (Name === "") throw invalidParameter("invalid name: name is empty");
    if (predefined.some(({ name }) => name === Name)) {
      throw forbidden(`operation is not permitted on predefined ${Name} network `);
    }
    throw notImplemented(
      "networks of your own are not supported yet: use bridge, host or none (network_mode in a compose file)",
    );
  }

  async remove(name: string): Promise<void> {
    const network = await this.inspect(name);
    throw forbidden(`${network.Name} is a pre-defined network and cannot be removed`);
  }

  async connect(name: string): Promise<void> {
    await this.inspect(name);
    throw notImplemented("connecting a container to another network is not supported yet");
  }

  async disconnect(name: string): Promise<void> {
    await this.inspect(name);
    throw notImplemented("disconnecting a container from its network is not supported yet");
  }

  async prune(filters: Filters): Promise<{ readonly NetworksDeleted: null }> {
    checkFilterNames(filters, ["label", "label!", "until"]);
    pruneUntil(filters, new Date());
    return { NetworksDeleted: null };
  }
}

interface Kept {
  readonly name: string;
  readonly id: string;
  readonly created: string;
}

function isKept(value: unknown): value is readonly Kept[] {
  return (
    Array.isArray(value) &&
    value.length === predefined.length &&
    value.every((entry) => predefined.some(({ name }) => name === entry?.name) && typeof entry.id === "string")
  );
}

function describe(name: string, id: string, created: string): NetworkInspect {
  return {
    Name: name,
    Id: id,
    Created: created,
    Scope: "local",
    Driver: predefined.find((network) => network.name === name)?.driver ?? name,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: name === "bridge" ? [] : null },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  };
}
