import { array, boolean, type Decoder, int, labels, string, strings, struct, structWith } from "../internal/decode.ts";
import type {
  EndpointIpamConfig,
  EndpointSettings,
  Ipam,
  IpamConfig,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
} from "./types/network.ts";

export const endpointSettings: Decoder<Partial<EndpointSettings>> = struct<EndpointSettings>(
  "network.EndpointSettings",
  {
    IPAMConfig: struct<EndpointIpamConfig>("network.EndpointIPAMConfig", {
      IPv4Address: string,
      IPv6Address: string,
      LinkLocalIPs: strings,
    }),
    Links: strings,
    Aliases: strings,
    MacAddress: string,
    DriverOpts: labels,
    GwPriority: int,
    NetworkID: string,
    EndpointID: string,
    Gateway: string,
    IPAddress: string,
    IPPrefixLen: int,
    IPv6Gateway: string,
    GlobalIPv6Address: string,
    GlobalIPv6PrefixLen: int,
    DNSNames: strings,
  },
);

export const networkCreateRequest = structWith<NetworkCreateRequest>(
  "network.CreateRequest",
  { Name: "" },
  {
    Name: string,
    Driver: string,
    Scope: string,
    EnableIPv4: boolean,
    EnableIPv6: boolean,
    IPAM: struct<Ipam>("network.IPAM", {
      Driver: string,
      Options: labels,
      Config: array(
        struct<IpamConfig>("network.IPAMConfig", {
          Subnet: string,
          IPRange: string,
          Gateway: string,
          AuxiliaryAddresses: labels,
        }),
      ),
    }),
    Internal: boolean,
    Attachable: boolean,
    Ingress: boolean,
    ConfigOnly: boolean,
    ConfigFrom: struct<NonNullable<NetworkCreateRequest["ConfigFrom"]>>("network.ConfigReference", { Network: string }),
    Options: labels,
    Labels: labels,
  },
);

export const networkConnectRequest = structWith<NetworkConnectRequest>(
  "network.ConnectOptions",
  { Container: "" },
  { Container: string, EndpointConfig: endpointSettings },
);

export const networkDisconnectRequest = structWith<NetworkDisconnectRequest>(
  "network.DisconnectOptions",
  { Container: "" },
  { Container: string, Force: boolean },
);
