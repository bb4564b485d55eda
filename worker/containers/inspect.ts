import type { ContainerInspect, ContainerState, ContainerSummary } from "../api/types/container.ts";
import type { NetworkSettings } from "../api/types/network.ts";
import { containerFolder } from "../network/predefined.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { apiStatus, statusText } from "./status-text.ts";

type ViewComponents = Pick<ContainersComponents, "snapshotter" | "sandboxes" | "clock">;

/** A container as the API shows it. */
export class ContainerView {
  readonly #components: ViewComponents;
  readonly #table: ContainerTable;

  constructor(components: ViewComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  async inspect(container: Container, size: boolean): Promise<ContainerInspect> {
    const { record } = container;
    const folder = containerFolder(record.id);
    return {
      Id: record.id,
      Created: record.created,
      Path: record.path,
      Args: record.args,
      State: this.state(container),
      Image: record.imageId,
      ResolvConfPath: `${folder}/resolv.conf`,
      HostnamePath: `${folder}/hostname`,
      HostsPath: `${folder}/hosts`,
      LogPath: `${folder}/${record.id}-json.log`,
      Name: `/${record.name}`,
      RestartCount: record.restartCount,
      Driver: this.#components.snapshotter.name,
      Platform: record.os,
      MountLabel: "",
      ProcessLabel: "",
      AppArmorProfile: "",
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
    return this.#components.sandboxes.idle(sandboxRequest(container.record, this.#table));
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
      Ports: ports(record.config.ExposedPorts, container.isRunning),
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

  async sizes(container: Container): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
    const usage = await this.#components.snapshotter.usage(container.id).catch(() => ({ size: 0, inodes: 0 }));
    return { SizeRw: usage.size, SizeRootFs: usage.size };
  }
}

/** Words with a space in them are quoted, as Docker does. */
function commandText(path: string, args: readonly string[]): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}

function ports(exposed: Readonly<Record<string, unknown>> | undefined, running: boolean): ContainerSummary["Ports"] {
  if (!running) return [];
  return Object.keys(exposed ?? {}).map((port) => {
    const [number = "0", type = "tcp"] = port.split("/");
    return { PrivatePort: Number(number), Type: type };
  });
}
