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
    extraHosts: host.ExtraHosts ?? [],
    dns: host.Dns ?? [],
    dnsSearch: host.DnsSearch ?? [],
    dnsOptions: host.DnsOptions ?? [],
    links: host.Links ?? [],
    macAddress: config.MacAddress ?? "",
    publishAll: host.PublishAllPorts,
    publishes: Object.keys(host.PortBindings ?? {}).length > 0,
    endpoints: record.endpoints,
  };
}
