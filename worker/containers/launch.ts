import { regardless } from "../internal/failures.ts";
import type { Sandbox } from "../network/sandbox.ts";
import type { Bundle, Stdio, Task } from "../runtime/runtime.ts";
import { SeccompFilters } from "../runtime/seccomp/filters.ts";
import { effectiveCapabilities } from "../runtime/spec/capabilities.ts";
import { memoryShare } from "../runtime/spec/resources.ts";
import { generateSpec, type SpecOptions } from "../runtime/spec/spec.ts";
import type { Spec } from "../runtime/spec/types.ts";
import { type ResolvedUser, readUserDatabase, resolveUser, type UserDatabase } from "../runtime/spec/user.ts";
import type { GuestOperation } from "../shim/guest.ts";
import type { Mount } from "../snapshots/mount.ts";
import type { VolumeMount } from "../volumes/volume-store.ts";
import { readyBinds } from "./bind-sources.ts";
import type { ContainersComponents, RunningGuest } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";
import type { ContainerMount } from "./record.ts";
import { parseSecurityOptions } from "./security-options.ts";
import { joinedNamespaces, sharedMemory } from "./shared-namespaces.ts";
import { specMounts } from "./spec-mounts.ts";

const knownImages = 64;

export interface LaunchOptions {
  readonly rootfs: readonly Mount[];
  readonly sandbox: Sandbox;
  /** Nothing was written in it yet. */
  readonly firstRun: boolean;
}

interface SpecParts extends Pick<SpecOptions, "rootPath" | "user" | "shm"> {
  readonly sandbox: Sandbox;
  /** With the guest's paths of bind sources. */
  readonly mounts: readonly ContainerMount[];
}

type LauncherComponents = Pick<ContainersComponents, "host" | "volumes" | "binds">;

/** Turns a container into a running task, with as few round trips to the guest as its configuration allows. */
export class Launcher {
  readonly #components: LauncherComponents;
  readonly #table: ContainerTable;
  readonly #filters = new SeccompFilters();
  /** Who is known in an image, for containers in which nothing was changed yet. */
  readonly #users = new Map<string, UserDatabase>();

  constructor(components: LauncherComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  async launch(container: Container, { rootfs, sandbox, firstRun }: LaunchOptions): Promise<Task> {
    const current = await this.#components.host.current();
    const volumes = await this.#volumes(container);
    const bundle = current.runtime.prepare(container.id, { rootfs, before: sandbox.operations });
    try {
      bundle.add(volumes.copies(bundle.rootfs));
      const shm = sharedMemory(this.#table, container, bundle.shm);
      if (shm === bundle.shm) bundle.add(mountShm(shm, container.record.hostConfig.ShmSize));
      const { binds } = this.#components;
      const mounts = await readyBinds(current.guest, binds, volumes.flagged(container.record.mounts), bundle.binds);
      const user = await this.#user(container, bundle, firstRun);
      const spec = await this.#spec(container, current, { sandbox, rootPath: bundle.rootfs, user, mounts, shm });
      return await bundle.start(spec, stdioOf(container));
    } catch (error) {
      await regardless(bundle.discard());
      throw error;
    } finally {
      volumes.filled();
    }
  }

  async #user(container: Container, bundle: Bundle, firstRun: boolean): Promise<ResolvedUser> {
    const { config, hostConfig, imageId, mounts } = container.record;
    const untouched = firstRun && !mounts.some(({ point }) => point.Destination.startsWith("/etc"));
    let database = untouched ? this.#users.get(imageId) : undefined;
    if (!database) {
      database = await readUserDatabase((path, limit) => bundle.read(path, limit));
      if (this.#users.size >= knownImages) this.#users.clear();
      if (untouched) this.#users.set(imageId, database);
    }
    return resolveUser(config.User, hostConfig.GroupAdd ?? [], database);
  }

  async #spec(
    container: Container,
    current: RunningGuest,
    { sandbox, rootPath, user, mounts, shm }: SpecParts,
  ): Promise<Spec> {
    const { id, config, hostConfig: host, path, args } = container.record;
    const security = parseSecurityOptions(host.SecurityOpt ?? []);
    const capabilities = effectiveCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], host.Privileged);
    const unconfined = security.seccomp === "unconfined" || (host.Privileged && security.seccomp === undefined);
    const { kernel } = current.guest.info;
    const init = host.Init ? ["/sbin/docker-init", "--"] : [];
    return generateSpec({
      id,
      config,
      host,
      args: [...init, path, ...args],
      user,
      mounts: [...(host.Init ? [initMount] : []), ...specMounts(mounts, host, sandbox.files)],
      rootPath,
      joined: joinedNamespaces(this.#table, container, sandbox),
      shm,
      seccompFilter: unconfined ? undefined : this.#filters.filter(security.seccomp, { capabilities, kernel }),
      noNewPrivileges: security.noNewPrivileges,
      memory: memoryShare(this.#components.host.machine.memory),
      devicesPresent: host.Privileged ? await current.guest.readDir("/dev") : [],
    });
  }

  async #volumes(container: Container) {
    const used = container.record.mounts.filter(({ point }) => point.Type === "volume");
    const mounted = new Map<string, VolumeMount>();
    const filled = () => {
      for (const volume of mounted.values()) volume.filled();
    };
    try {
      // Each once, and in one order for all containers: whoever waits for another to fill a volume must not be waited for.
      for (const name of [...new Set(used.flatMap(({ point }) => point.Name ?? []))].sort()) {
        mounted.set(name, await this.#components.volumes.mount(name));
      }
    } catch (error) {
      filled();
      throw error;
    }
    const fresh = used.filter(({ point, copy }) => copy && mounted.get(point.Name ?? "")?.fresh);
    const copies = (root: string) =>
      fresh.map(
        ({ point, path }): GuestOperation => ({ op: "copy", from: point.Destination, to: path, root, missingOk: true }),
      );
    const flagged = (mounts: readonly ContainerMount[]) =>
      mounts.map((mount) => {
        const { flags } = mounted.get(mount.point.Name ?? "") ?? {};
        return flags && flags.length > 0 ? { ...mount, flags } : mount;
      });
    return { flagged, copies, filled };
  }
}

function mountShm(target: string, size: number): readonly GuestOperation[] {
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${size}`];
  return [
    { op: "mkdir", path: target, mode: 0o700, parents: true },
    { op: "mount", source: "shm", target, type: "tmpfs", options },
  ];
}

/** The guest's tiny init, where Docker puts its own. */
const initMount = {
  destination: "/sbin/docker-init",
  type: "bind",
  source: "/usr/bin/docker-init",
  options: ["bind", "ro"],
} as const;

function stdioOf(container: Container): Stdio {
  const { config, hostConfig } = container.record;
  const [rows, columns] = hostConfig.ConsoleSize;
  return {
    stdin: config.OpenStdin,
    stdout: true,
    stderr: !config.Tty,
    ...(config.Tty && { terminal: rows > 0 && columns > 0 ? { size: { rows, columns } } : {} }),
  };
}
