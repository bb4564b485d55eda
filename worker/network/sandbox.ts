import type { EndpointSettings, NetworkSettings } from "../api/types/network.ts";
import type { GuestOperation } from "../shim/guest.ts";

/**
 * A container's place in networks: its network namespace and the files that name it. Made at start, released when the
 * container has stopped.
 */
export interface Sandbox {
  /** `new`: a namespace of its own, with loopback up. `host`: the Docker host's. Otherwise that of a running container. */
  readonly namespace: "new" | "host" | { readonly container: string };
  /** Writes `hosts`, `hostname` and `resolv.conf` in the guest. */
  readonly operations: readonly GuestOperation[];
  /** Guest paths of these files, which are mounted into the container under /etc. */
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  readonly settings: NetworkSettings;
  release(): Promise<void>;
}

/** Gives containers their sandboxes. */
export interface Sandboxes {
  /** Throws `NotImplemented` or `InvalidParameter` when a container with this configuration cannot have one. */
  validate(request: SandboxRequest): void;
  create(request: SandboxRequest): Promise<Sandbox>;
  /** Settings of a container that does not run; whether it `ran` before, so that its networks have been looked up. */
  idle(request: SandboxRequest, ran: boolean): NetworkSettings;
}

export interface SandboxRequest {
  readonly containerId: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly networkMode: string;
  /** The container whose /etc/hosts, hostname and resolv.conf it has: that whose network it shares in the end, or itself. */
  readonly filesOf: string;
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly links: readonly string[];
  /** That the client chose; "" leaves it to the network. */
  readonly macAddress: string;
  /** Such as `80/tcp`. */
  readonly exposed: readonly string[];
  readonly publishAll: boolean;
  /** Whether any port is bound. */
  readonly publishes: boolean;
  /** Networks that the client named, by their names. */
  readonly endpoints: Readonly<Record<string, Partial<EndpointSettings>>>;
}

/** A container on no network. */
export const emptyEndpoint: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: "",
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

export function networkSettings(
  networks: NetworkSettings["Networks"],
  sandboxId: string,
  endpoint: EndpointSettings = emptyEndpoint,
): NetworkSettings {
  return {
    Bridge: "",
    SandboxID: sandboxId,
    SandboxKey: sandboxId === "" ? "" : `/var/run/docker/netns/${sandboxId.slice(0, 12)}`,
    Ports: {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint.EndpointID,
    Gateway: endpoint.Gateway,
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: endpoint.IPAddress,
    IPPrefixLen: endpoint.IPPrefixLen,
    IPv6Gateway: "",
    MacAddress: endpoint.MacAddress,
    Networks: networks,
  };
}
