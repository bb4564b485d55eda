import type { Filters } from "./types/common.ts";
import type {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworksPruneReport,
} from "./types/network.ts";

/** What the network router consumes. `name` is a name, an ID or an unambiguous prefix of one. */
export interface NetworkBackend {
  list(filters: Filters): Promise<readonly NetworkInspect[]>;
  /** `NotFound` ("network NAME not found"). */
  inspect(name: string, options: { readonly verbose: boolean; readonly scope: string }): Promise<NetworkInspect>;
  create(request: NetworkCreateRequest): Promise<NetworkCreateResponse>;
  remove(name: string): Promise<void>;
  connect(name: string, request: NetworkConnectRequest): Promise<void>;
  disconnect(name: string, request: NetworkDisconnectRequest): Promise<void>;
  prune(filters: Filters): Promise<NetworksPruneReport>;
}
