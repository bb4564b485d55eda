import { conflict, system } from "../errdefs/errors.ts";
import type { Sandbox } from "../network/sandbox.ts";
import type { SpecOptions } from "../runtime/spec/spec.ts";
import { connectedContainer } from "./connected-container.ts";
import type { Container, RunningTask } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";

/** Namespaces that are not the container's own. Throws `System` or `Conflict` when the container that has one does not run. */
export function joinedNamespaces(
  table: ContainerTable,
  { record }: Container,
  { namespace }: Pick<Sandbox, "namespace">,
): SpecOptions["joined"] {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = record.hostConfig;
  const pid = connectedContainer(PidMode);
  const ipc = connectedContainer(IpcMode);
  const network = typeof namespace === "object" ? networkOf(table, namespace.container) : namespace;
  return {
    ...(PidMode === "host" && { pid: "host" }),
    ...(pid !== undefined && { pid: `/proc/${running(table, pid, "PID").task.pid}/ns/pid` }),
    ...(IpcMode === "host" && { ipc: "host" }),
    ...(ipc !== undefined && { ipc: `/proc/${running(table, ipc, "IPC").task.pid}/ns/ipc` }),
    ...(UTSMode === "host" && { uts: "host" }),
    ...(CgroupnsMode === "host" && { cgroup: "host" }),
    ...(network !== "new" && { network }),
  };
}

/**
 * The folder of the guest that is a container's /dev/shm, Docker's `ShmPath`; undefined where it has one of its own or none.
 * `own` is the place for one that others may share. Throws `System` when the container whose it is does not share it.
 */
export function sharedMemory(
  table: ContainerTable,
  { record }: Container,
  own: string | undefined,
): string | undefined {
  const { IpcMode } = record.hostConfig;
  if (IpcMode === "host") return "/dev/shm";
  if (IpcMode === "shareable") return own;
  const reference = connectedContainer(IpcMode);
  if (reference === undefined) return undefined;
  const { task } = running(table, reference, "IPC");
  const shared = sharedMemory(table, table.get(reference), task.shm);
  if (shared !== undefined) return shared;
  const hint = "non-shareable IPC (hint: use IpcMode:shareable for the donor container)";
  throw system(`failed to join IPC namespace: container ${reference}: ${hint}`);
}

function running(table: ContainerTable, reference: string, kind: "PID" | "IPC"): RunningTask {
  const other = table.find(reference);
  if (!other) throw system(`failed to join ${kind} namespace: No such container: ${reference}`);
  if (other.running) return other.running;
  const restarting = other.state.status === "restarting";
  throw system(
    `failed to join ${kind} namespace: container ${other.id} is ${restarting ? "restarting" : "not running"}`,
  );
}

function networkOf(table: ContainerTable, reference: string): string {
  const other = table.find(reference);
  if (!other) throw system(`joining network namespace of container: No such container: ${reference}`);
  if (other.state.status === "restarting") {
    throw conflict(`container ${other.id} is restarting, wait until the container is running`);
  }
  if (other.running) return `/proc/${other.running.task.pid}/ns/net`;
  throw conflict(
    `cannot join network namespace of a non running container: container ${other.name} is ${other.state.status}`,
  );
}
