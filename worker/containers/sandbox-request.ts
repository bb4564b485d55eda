import type { SandboxRequest } from "../network/sandbox.ts";
import { connectedContainer } from "./connected-container.ts";
import type { ContainerTable } from "./container-table.ts";
import type { ContainerRecord } from "./record.ts";

/** What a container asks of its network; another container's name becomes its ID. */
export function sandboxRequest(record: ContainerRecord, table: ContainerTable): SandboxRequest {
  const { hostConfig: host, config } = record;
  const shared = connectedContainer(host.NetworkMode);
  return {
    containerId: record.id,
    hostname: config.Hostname,
    domainname: config.Domainname,
    networkMode: shared === undefined ? host.NetworkMode : `container:${table.find(shared)?.id ?? shared}`,
    filesOf: networkOwner(record, table).id,
    extraHosts: host.ExtraHosts ?? [],
    dns: host.Dns ?? [],
    dnsSearch: host.DnsSearch ?? [],
    dnsOptions: host.DnsOptions ?? [],
    links: host.Links ?? [],
    macAddress: config.MacAddress ?? "",
    publishAll: host.PublishAllPorts,
    exposed: Object.keys(config.ExposedPorts ?? {}),
    publishes: Object.keys(host.PortBindings ?? {}).length > 0,
    endpoints: record.endpoints,
  };
}

/** The container whose network this one shares, be it by way of others; or itself. */
function networkOwner(record: ContainerRecord, table: ContainerTable): ContainerRecord {
  const passed = new Set<string>();
  let owner = record;
  for (;;) {
    const shared = connectedContainer(owner.hostConfig.NetworkMode);
    const next = shared === undefined ? undefined : table.find(shared)?.record;
    // Names are looked up late: two that name each other can be made, though neither can be started.
    if (!next || passed.has(next.id)) return owner;
    passed.add(next.id);
    owner = next;
  }
}
