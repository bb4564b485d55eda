import type { ContainerCreateOptions } from "../api/types/backend.ts";
import type { Platform } from "../api/types/common.ts";
import type { ContainerCreateRequest, ContainerCreateResponse } from "../api/types/container.ts";
import { errorMessage, invalidParameter, notImplemented } from "../errdefs/errors.ts";
import { rfc3339Nano } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { generateId } from "../internal/ids.ts";
import { checkLogConfig } from "../logger/log-options.ts";
import { formatPlatform, matchesPlatform } from "../oci/platform.ts";
import { checkBind, resolveBind } from "./bind-sources.ts";
import { commandLine } from "./command.ts";
import type { ContainerImage, ContainersComponents } from "./components.ts";
import { connectedContainer } from "./connected-container.ts";
import { type Container, eventAttributes } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import { discardedLimits, discardedPorts } from "./discarded.ts";
import { completeHostConfig, mergeConfig } from "./merge-config.ts";
import { mountPoint, mountsFrom, type PlannedMount, planMounts } from "./mount-points.ts";
import { type ContainerMount, type ContainerRecord, createdState } from "./record.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { parseSecurityOptions } from "./security-options.ts";
import { validateConfig, validateHostConfig, validateLayer, validateShared } from "./validate.ts";

type CreatorComponents = Pick<
  ContainersComponents,
  "images" | "volumes" | "binds" | "snapshotter" | "sandboxes" | "host" | "events" | "clock"
>;

/** Makes containers: from a request and an image to a durable record whose writable layer is being made ready. */
export class Creator {
  readonly #components: CreatorComponents;
  readonly #table: ContainerTable;

  constructor(components: CreatorComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  async create({ name, platform, request, signal }: ContainerCreateOptions): Promise<ContainerCreateResponse> {
    const { images, host: guestHost } = this.#components;
    if (!request.Image) {
      if (commandLine(request).length === 0) throw invalidParameter("no command specified");
      throw notImplemented("a container without an image is not supported yet");
    }
    const asked = completeHostConfig(request.HostConfig);
    const { values, warnings } = discardedLimits(asked);
    const host = { ...asked, ...values };
    validateConfig(request);
    validateHostConfig(host, guestHost.machine);
    namedEndpoints(request);
    validateShared(request, host);
    const image = await images.get(request.Image, { ...(platform && { platform }), ...(signal && { signal }) });
    try {
      const Id = await this.#createFrom(image, host, name, request);
      const { platforms } = guestHost.machine;
      const foreign = platform ? [] : foreignPlatform(image.platform, platforms);
      return { Id, Warnings: [...foreign, ...warnings, ...discardedPorts(host)] };
    } finally {
      await image.release();
    }
  }

  async #createFrom(
    image: ContainerImage,
    given: ContainerRecord["hostConfig"],
    name: string | undefined,
    request: ContainerCreateRequest,
  ): Promise<string> {
    const { host: guestHost, sandboxes, events } = this.#components;
    const id = generateId();
    const config = mergeConfig(id, request, image.config);
    if (commandLine(config).length === 0) throw invalidParameter("no command specified");
    checkLogConfig(given.LogConfig.Type, given.LogConfig.Config);
    const host = this.#named(given);
    const [path = "", ...args] = commandLine(config);
    const base = {
      id,
      name: "",
      created: rfc3339Nano(this.#components.clock.nanos()),
      machine: guestHost.machine.id,
      imageId: image.id,
      diffIds: image.diffIds,
      os: image.platform.os,
      path,
      args,
      config,
      hostConfig: host,
      endpoints: namedEndpoints(request),
      mounts: [],
      state: createdState,
      restartCount: 0,
      stoppedByUser: false,
    } satisfies ContainerRecord;
    sandboxes.validate(sandboxRequest(base, this.#table));
    const container = await this.#reserveAndAdd(base, name);
    this.prepareSnapshot(container);
    events.publish("container", "create", id, container.attributes());
    return id;
  }

  /** With the IDs of the containers whose namespaces it shares. Another's network is looked for when it starts. */
  #named(host: ContainerRecord["hostConfig"]): ContainerRecord["hostConfig"] {
    const pid = connectedContainer(host.PidMode);
    const ipc = connectedContainer(host.IpcMode);
    const network = connectedContainer(host.NetworkMode);
    const owner = network === undefined ? undefined : this.#table.find(network);
    return {
      ...host,
      ...(pid !== undefined && { PidMode: `container:${this.#other(pid).id}` }),
      ...(ipc !== undefined && { IpcMode: `container:${this.#other(ipc).id}` }),
      ...(owner && { NetworkMode: `container:${owner.id}` }),
    };
  }

  /** A container that a request names. For a 404 the docker command would take the image to be missing. */
  #other(reference: string): Container {
    try {
      return this.#table.get(reference);
    } catch (error) {
      throw invalidParameter(errorMessage(error), { cause: error });
    }
  }

  /** Begins to make the writable layer, so that it is there when the container starts. */
  prepareSnapshot(container: Container): void {
    const { snapshotter } = this.#components;
    container.snapshot = snapshotter.prepare(container.id, container.record.diffIds);
    container.snapshot.catch(() => {
      container.snapshot = undefined;
    });
  }

  /** What is looked at here Docker looks at when the container has its name: one that fails then is told of as removed. */
  async #reserveAndAdd(base: ContainerRecord, wanted: string | undefined): Promise<Container> {
    const { volumes, events } = this.#components;
    const name = this.#table.reserve(base.id, wanted);
    const mounts: ContainerMount[] = [];
    try {
      parseSecurityOptions(base.hostConfig.SecurityOpt ?? []);
      validateLayer(base.hostConfig);
      for (const mount of this.#planned(base)) mounts.push(await this.#findMount(base.id, mount));
      return await this.#table.add({ ...base, name, mounts });
    } catch (error) {
      this.#table.release(name);
      for (const { point, anonymous } of mounts) {
        if (point.Name === undefined) continue;
        await regardless(volumes.release(point.Name, base.id));
        if (anonymous) await regardless(volumes.removeUnused(point.Name));
      }
      events.publish("container", "destroy", base.id, eventAttributes({ ...base, name }));
      throw error;
    }
  }

  #planned({ hostConfig, config }: ContainerRecord): readonly PlannedMount[] {
    const taken = (hostConfig.VolumesFrom ?? []).flatMap((text) =>
      mountsFrom(text, (reference) => this.#other(reference)),
    );
    return planMounts(hostConfig, config.Volumes ?? {}, taken);
  }

  async #findMount(container: string, mount: PlannedMount): Promise<ContainerMount> {
    const { copy, create, recursive } = mount;
    const common = { copy, create, recursive, anonymous: false, ...(mount.tmpfs && { tmpfs: mount.tmpfs }) };
    if (mount.type === "tmpfs") return { ...common, point: mountPoint(mount, { source: "" }), path: "" };
    if (mount.type === "bind") {
      await this.#findBind(mount);
      return { ...common, point: mountPoint(mount, { source: mount.source }), path: "" };
    }
    const volume = await this.#components.volumes.acquire({
      container,
      ...(mount.source !== "" && { name: mount.source }),
      ...(mount.driver !== undefined && { driver: mount.driver }),
      ...(mount.driverOptions && { driverOptions: mount.driverOptions }),
      ...(mount.labels && { labels: mount.labels }),
    });
    const point = mountPoint({ ...mount, driver: volume.driver }, { name: volume.name, source: volume.mountpoint });
    return { ...common, point, path: volume.mountpoint, anonymous: mount.source === "" };
  }

  async #findBind({ source, create }: PlannedMount): Promise<void> {
    const { binds, host } = this.#components;
    const place = resolveBind(binds, source);
    if (create) return;
    const { guest } = await host.current();
    await checkBind(guest, place, source);
  }
}

/** Docker's warning about an image that was made for another machine, which the user did not ask for. */
function foreignPlatform(actual: Platform, platforms: readonly Platform[]): readonly string[] {
  const [host] = platforms;
  if (!host || platforms.some((platform) => matchesPlatform(platform, actual))) return [];
  return [
    `The requested image's platform (${formatPlatform(actual)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}

/** What the client says of the networks that it names. Throws `InvalidParameter` with Docker's text where that is nothing. */
function namedEndpoints({ NetworkingConfig }: ContainerCreateRequest): ContainerRecord["endpoints"] {
  return Object.fromEntries(
    Object.entries(NetworkingConfig?.EndpointsConfig ?? {}).map(([name, endpoint]) => {
      if (!endpoint) throw invalidParameter(`invalid config for network ${name}: EndpointsConfig is nil`);
      return [name, endpoint];
    }),
  );
}
