import { array, boolean, type Decode, integer, map, string, struct } from "../internal/decode.ts";
import type {
  EndpointIpamConfig,
  EndpointSettings,
  Ipam,
  IpamConfig,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
} from "./types/network.ts";

const strings = array(string);
const labels = map(string);

export const endpointSettings: Decode<Partial<EndpointSettings>> = struct<EndpointSettings>({
  IPAMConfig: struct<EndpointIpamConfig>({ IPv4Address: string, IPv6Address: string, LinkLocalIPs: strings }),
  Links: strings,
  Aliases: strings,
  MacAddress: string,
  DriverOpts: labels,
  GwPriority: integer,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: integer,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: integer,
  DNSNames: strings,
});

const createFields = struct<NetworkCreateRequest>({
  Name: string,
  Driver: string,
  Scope: string,
  EnableIPv4: boolean,
  EnableIPv6: boolean,
  IPAM: struct<Ipam>({
    Driver: string,
    Options: labels,
    Config: array(struct<IpamConfig>({ Subnet: string, IPRange: string, Gateway: string, AuxiliaryAddresses: labels })),
  }),
  Internal: boolean,
  Attachable: boolean,
  Ingress: boolean,
  ConfigOnly: boolean,
  ConfigFrom: struct<NonNullable<NetworkCreateRequest["ConfigFrom"]>>({ Network: string }),
  Options: labels,
  Labels: labels,
});

export const networkCreateRequest: Decode<NetworkCreateRequest> = (value, path) => ({
  Name: "",
  ...createFields(value, path),
});

const connectFields = struct<NetworkConnectRequest>({ Container: string, EndpointConfig: endpointSettings });

export const networkConnectRequest: Decode<NetworkConnectRequest> = (value, path) => ({
  Container: "",
  ...connectFields(value, path),
});

const disconnectFields = struct<NetworkDisconnectRequest>({ Container: string, Force: boolean });

export const networkDisconnectRequest: Decode<NetworkDisconnectRequest> = (value, path) => ({
  Container: "",
  ...disconnectFields(value, path),
});
