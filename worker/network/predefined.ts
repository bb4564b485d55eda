import type { EndpointSettings } from "../api/types/network.ts";
import { invalidParameter, notImplemented } from "../errdefs/errors.ts";
import { randomHex } from "../internal/ids.ts";
import type { GuestOperation } from "../shim/guest.ts";
import { hostsFile, resolvConfFile, splitExtraHost } from "./etc-files.ts";
import { emptyEndpoint, networkSettings, type Sandbox, type Sandboxes, type SandboxRequest } from "./sandbox.ts";

/** Where a container's files are in the guest, as Docker lays them out. */
export function containerFolder(id: string): string {
  return `/var/lib/docker/containers/${id}`;
}

/**
 * That folder's room. A container can write to its /etc/hosts, /etc/hostname and /etc/resolv.conf, which lie there: it can fill
 * its own folder with them, and no other's.
 */
const folderRoom = "size=1m";

/** Takes a container's folder away; no error when it is not there. */
export function removeContainerFolder(id: string): readonly GuestOperation[] {
  const folder = containerFolder(id);
  return [
    { op: "unmount", target: folder, lazy: true, missingOk: true },
    { op: "remove", path: folder, recursive: true, missingOk: true },
  ];
}

export interface PredefinedSandboxesComponents {
  /** The ID of one of the predefined networks. */
  readonly networkId: (name: string) => string;
}

/**
 * Sandboxes on the predefined networks. `host` and `none` are Docker's. `bridge` is a namespace with loopback alone: there is
 * no bridge yet, and what would need one is refused, never silently dropped.
 */
export class PredefinedSandboxes implements Sandboxes {
  readonly #networkId: (name: string) => string;

  constructor({ networkId }: PredefinedSandboxesComponents) {
    this.#networkId = networkId;
  }

  validate(request: SandboxRequest): void {
    const mode = networkName(request.networkMode);
    refuseConflicts(mode, request);
    if (mode.startsWith("container:")) return;
    if (!["bridge", "host", "none"].includes(mode)) refuse(`network ${JSON.stringify(mode)}`);
    for (const name of Object.keys(request.endpoints)) {
      if (networkName(name) !== mode) refuse(`network ${JSON.stringify(name)}`);
    }
    if (request.macAddress !== "" && !/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(request.macAddress)) {
      throw invalidParameter(`invalid config for network ${mode}: invalid MAC address ${request.macAddress}`);
    }
    // The others have no endpoint of their own: Docker passes over what would belong to it.
    if (mode === "bridge") refuseBridged(request);
    for (const entry of request.extraHosts) {
      const [name, address] = splitExtraHost(entry);
      if (name === "" || address === "") throw invalidParameter(`bad format for add-host: ${JSON.stringify(entry)}`);
      if (address === "host-gateway") refuse("the address host-gateway (--add-host)");
    }
  }

  create(request: SandboxRequest): Promise<Sandbox> {
    const mode = networkName(request.networkMode);
    if (mode.startsWith("container:")) {
      return Promise.resolve(joinedSandbox(mode.slice("container:".length), request.filesOf));
    }
    const folder = containerFolder(request.containerId);
    const files = filesIn(folder);
    const endpoint: EndpointSettings = {
      ...emptyEndpoint,
      NetworkID: this.#networkId(mode),
      EndpointID: randomHex(32),
    };
    return Promise.resolve({
      namespace: mode === "host" ? "host" : "new",
      operations: writeFiles(folder, files, request),
      files,
      settings: {
        ...networkSettings({ [mode]: endpoint }, randomHex(32), mode === "bridge" ? endpoint : emptyEndpoint),
        // Elsewhere there is nothing that they could be published from.
        ...(mode === "bridge" && { Ports: Object.fromEntries(request.exposed.map((port) => [port, null])) }),
      },
      release: () => Promise.resolve(),
    });
  }

  idle(request: SandboxRequest, ran: boolean) {
    const mode = networkName(request.networkMode);
    if (mode.startsWith("container:")) return networkSettings({}, "");
    return networkSettings({ [mode]: { ...emptyEndpoint, ...(ran && { NetworkID: this.#networkId(mode) }) } }, "");
  }
}

function refuse(what: string): never {
  throw notImplemented(`${what} is not supported yet: containers have a loopback interface only`);
}

/** What Docker refuses where a container has no network of its own. */
function refuseConflicts(mode: string, { endpoints, links }: SandboxRequest): void {
  if (mode === "host" && links.length > 0) {
    throw invalidParameter(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (mode === "bridge") return;
  const reasons = ["user specified IP address is supported on user defined networks only"];
  if (!mode.startsWith("container:")) {
    reasons.push(
      "user specified IP address is supported only when connecting to networks with user configured subnets",
    );
  }
  const list = reasons.length > 1 ? reasons.map((reason) => `* ${reason}`) : reasons;
  for (const [name, { IPAMConfig }] of Object.entries(endpoints)) {
    if (!IPAMConfig?.IPv4Address && !IPAMConfig?.IPv6Address) continue;
    throw invalidParameter(`invalid config for network ${name}: invalid endpoint settings:\n${list.join("\n")}`);
  }
}

/** What takes a bridge, and endpoints with addresses. */
function refuseBridged(request: SandboxRequest): void {
  if (request.publishes) refuse("publishing ports (--publish)");
  if (request.publishAll) refuse("publishing ports (--publish-all)");
  if (request.links.length > 0) refuse("linking containers (--link)");
  if (request.macAddress !== "") refuse("a chosen MAC address (--mac-address)");
  for (const endpoint of Object.values(request.endpoints)) {
    const { IPv4Address, IPv6Address, LinkLocalIPs = [] } = endpoint.IPAMConfig ?? {};
    if (IPv4Address || IPv6Address || LinkLocalIPs.length > 0) refuse("a chosen IP address (--ip)");
    if (endpoint.MacAddress) refuse("a chosen MAC address (--mac-address)");
    if (endpoint.Links?.length) refuse("linking containers (--link)");
    if (endpoint.Aliases?.length) refuse("a network alias (--network-alias)");
  }
}

/** `default` is `bridge`. */
function networkName(mode: string): string {
  return mode === "default" || mode === "" ? "bridge" : mode;
}

function filesIn(folder: string): Sandbox["files"] {
  return { hosts: `${folder}/hosts`, hostname: `${folder}/hostname`, resolvConf: `${folder}/resolv.conf` };
}

function joinedSandbox(container: string, filesOf: string): Sandbox {
  return {
    namespace: { container },
    operations: [],
    files: filesIn(containerFolder(filesOf)),
    settings: networkSettings({}, ""),
    release: () => Promise.resolve(),
  };
}

/** Where there is no address to give, the container's own name answers on loopback, so that it resolves. */
const ownAddress = "127.0.1.1";

function writeFiles(folder: string, files: Sandbox["files"], request: SandboxRequest): readonly GuestOperation[] {
  const address = networkName(request.networkMode) === "bridge" ? ownAddress : undefined;
  const write = (path: string, text: string): GuestOperation => ({
    op: "write",
    path,
    bytes: new TextEncoder().encode(text),
    mode: 0o644,
  });
  return [
    // That of an earlier run.
    { op: "unmount", target: folder, lazy: true, missingOk: true },
    { op: "mkdir", path: folder, mode: 0o710, parents: true },
    {
      op: "mount",
      source: "tmpfs",
      target: folder,
      type: "tmpfs",
      options: ["nosuid", "nodev", "mode=0710", folderRoom],
    },
    write(files.hosts, hostsFile(request, address)),
    write(files.hostname, `${request.hostname}\n`),
    write(files.resolvConf, resolvConfFile(request)),
  ];
}
