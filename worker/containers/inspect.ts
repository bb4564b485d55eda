import type { ContainerInspect, ContainerState, ContainerSummary } from "../api/types/container.ts";
import type { NetworkSettings } from "../api/types/network.ts";
import { zeroTime } from "../internal/clock.ts";
import { containerFolder } from "../network/predefined.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { apiStatus, statusText } from "./status-text.ts";

type ViewComponents = Pick<ContainersComponents, "snapshotter" | "sandboxes" | "clock" | "images">;

/** A container as the API shows it. */
export class ContainerView {
  readonly #components: ViewComponents;
  readonly #table: ContainerTable;

  constructor(components: ViewComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  async inspect(container: Container, { size = false }: { readonly size?: boolean }): Promise<ContainerInspect> {
    const { record } = container;
    // What is not shared with another container is made at the first start.
    const started = record.state.startedAt !== zeroTime;
    const folder = containerFolder(sandboxRequest(record, this.#table).filesOf);
    return {
      Id: record.id,
      Created: record.created,
      Path: record.path,
      Args: record.args,
      State: this.state(container),
      Image: record.imageId,
      ResolvConfPath: started ? `${folder}/resolv.conf` : "",
      HostnamePath: started ? `${folder}/hostname` : "",
      HostsPath: started ? `${folder}/hosts` : "",
      LogPath:
        started && record.hostConfig.LogConfig.Type === "json-file"
          ? `${containerFolder(record.id)}/${record.id}-json.log`
          : "",
      Name: `/${record.name}`,
      RestartCount: record.restartCount,
      Driver: this.#components.snapshotter.name,
      Platform: record.os,
      MountLabel: "",
      ProcessLabel: "",
      AppArmorProfile: record.hostConfig.SecurityOpt?.includes("apparmor=unconfined") ? "unconfined" : "",
      ExecIDs: container.execIds.size > 0 ? [...container.execIds] : null,
      HostConfig: record.hostConfig,
      GraphDriver: { Data: null, Name: this.#components.snapshotter.name },
      ...(size && (await this.sizes(container))),
      Mounts: record.mounts.map(({ point }) => point),
      Config: record.config,
      NetworkSettings: this.networks(container),
    };
  }

  state(container: Container): ContainerState {
    const { state } = container;
    return {
      Status: apiStatus(state, container.removing),
      Running: container.isRunning,
      Paused: state.status === "paused",
      Restarting: state.status === "restarting",
      OOMKilled: state.oomKilled,
      Dead: state.status === "dead",
      Pid: container.running ? state.pid : 0,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt,
      FinishedAt: state.finishedAt,
      ...(container.health && { Health: container.health }),
    };
  }

  networks(container: Container): NetworkSettings {
    if (container.running) return container.running.networkSettings;
    const { record } = container;
    return this.#components.sandboxes.idle(sandboxRequest(record, this.#table), record.state.startedAt !== zeroTime);
  }

  /** `image`: as the IMAGE column shows it. */
  summary(container: Container, image: string): ContainerSummary {
    const { record, state, removing, health } = container;
    return {
      Id: record.id,
      Names: [`/${record.name}`],
      Image: image,
      ImageID: record.imageId,
      Command: commandText(record.path, record.args),
      Created: Math.floor(Date.parse(record.created) / 1000),
      Ports: this.ports(container),
      Labels: record.config.Labels ?? {},
      State: apiStatus(state, removing),
      Status: statusText(state, { removing, health, now: this.#components.clock.now() }),
      HostConfig: {
        NetworkMode: record.hostConfig.NetworkMode,
        ...(record.hostConfig.Annotations && { Annotations: record.hostConfig.Annotations }),
      },
      NetworkSettings: { Networks: this.networks(container).Networks },
      Mounts: record.mounts.map(({ point }) => point),
    };
  }

  /** Those that are exposed while it runs. */
  ports({ record, isRunning }: Container): ContainerSummary["Ports"] {
    if (!isRunning) return [];
    return Object.keys(record.config.ExposedPorts ?? {}).map((port) => {
      const [number = "0", type = "tcp"] = port.split("/");
      return { PrivatePort: Number(number), Type: type };
    });
  }

  /** Bytes in the writable layer, and in the whole root filesystem. */
  async sizes(container: Container): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
    const { snapshotter, images } = this.#components;
    const { size } = await snapshotter.usage(container.id).catch(() => ({ size: 0 }));
    return { SizeRw: size, SizeRootFs: size + images.layersSize(container.record.diffIds) };
  }
}

/** Words with a space in them are quoted, as Docker does. */
function commandText(path: string, args: readonly string[]): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}
