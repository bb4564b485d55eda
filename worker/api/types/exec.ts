/** Body of `POST /containers/{id}/exec` (`container.ExecOptions`), with `null` members dropped. */
export interface ExecCreateRequest {
  readonly User?: string;
  readonly Privileged?: boolean;
  readonly Tty?: boolean;
  /** Rows, columns. */
  readonly ConsoleSize?: readonly [number, number];
  readonly AttachStdin?: boolean;
  readonly AttachStderr?: boolean;
  readonly AttachStdout?: boolean;
  /** Of no meaning here, as in Docker: the start says. */
  readonly Detach?: boolean;
  readonly DetachKeys?: string;
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly Cmd?: readonly string[];
}

/** Body of `POST /exec/{id}/start`. */
export interface ExecStartRequest {
  readonly Detach?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [number, number];
}

/** `GET /exec/{id}/json`. */
export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly ProcessConfig: ProcessConfig;
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
}

export interface ProcessConfig {
  readonly tty: boolean;
  readonly entrypoint: string;
  readonly arguments: readonly string[];
  readonly privileged?: boolean;
  readonly user?: string;
}
