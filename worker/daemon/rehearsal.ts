import { completeHostConfig, mergeConfig } from "../containers/merge-config.ts";
import type { Clock } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { generateId } from "../internal/ids.ts";
import type { Bundle, Runtime } from "../runtime/runtime.ts";
import { SeccompFilters } from "../runtime/seccomp/filters.ts";
import { effectiveCapabilities } from "../runtime/spec/capabilities.ts";
import { generateSpec } from "../runtime/spec/spec.ts";
import type { Spec } from "../runtime/spec/types.ts";
import type { ResolvedUser } from "../runtime/spec/user.ts";
import type { GuestOperation } from "../shim/guest.ts";

export interface RehearsalsComponents {
  readonly clock: Pick<Clock, "sleep" | "now">;
  /** Whether the guest has nothing to do at this moment. */
  readonly idle: () => boolean;
  /** Whether a container runs: its owner's own starts have had the effect of a rehearsal, and it wants the CPU. */
  readonly inUse: () => boolean;
}

/**
 * After that many the emulator has compiled most of what a start runs through; one costs a fifth of a second of its thread. Where
 * they take longer than so many milliseconds together, on a slow or a busy machine, there are fewer.
 */
const mostRehearsals = 6;
const longest = 3000;
/** Milliseconds without a request or a key before one begins; and between looks whether the guest is idle. */
const quiet = 600;
const look = 20;
/** How often in a row the guest must be found idle. */
const looks = 3;

/**
 * Starts containers that nobody asked for while nobody asks for anything, because the emulator interprets code until it has run
 * often: without it the first ten containers take up to three times as long as those after. A rehearsal has no image, record,
 * event or log, and leaves nothing in the guest. It is given up at once when the engine is wanted (`touch`).
 */
export class Rehearsals {
  readonly #components: RehearsalsComponents;
  #touched = new AbortController();
  /** Since the last wait began. */
  #wanted = true;
  /** In the guest that runs now, until there is nothing more to rehearse. */
  #runtime: Runtime | undefined;

  constructor(components: RehearsalsComponents) {
    this.#components = components;
  }

  /**
   * Rehearses in a guest that was just booted, when the time has come. `kernel` is its release. Resolves when that is over; never
   * rejects.
   */
  async begin(runtime: Runtime, kernel: string): Promise<void> {
    this.#runtime = runtime;
    this.#wanted = true;
    try {
      const { clock } = this.#components;
      let spent = 0;
      for (let left = mostRehearsals; left > 0 && spent < longest && (await this.#quiet(runtime)); left--) {
        const start = clock.now().getTime();
        await rehearse(runtime, kernel, this.#touched.signal);
        spent += clock.now().getTime() - start;
      }
    } catch {
      // What a rehearsal hits, a container will hit too, and there is somebody to tell it to then.
    }
    if (this.#runtime === runtime) this.#runtime = undefined;
  }

  /** The engine is wanted. */
  touch(): void {
    if (!this.#runtime) return;
    this.#wanted = true;
    this.#touched.abort();
    this.#touched = new AbortController();
  }

  /** For good: nothing is begun any more. */
  end(): void {
    this.touch();
    this.#runtime = undefined;
  }

  /** Resolves when nothing was wanted for a while and the guest is idle; false: there is nothing more to rehearse. */
  async #quiet(runtime: Runtime): Promise<boolean> {
    const { clock, idle, inUse } = this.#components;
    for (let found = 0; found < looks; ) {
      const wait = this.#wanted ? quiet : look;
      this.#wanted = false;
      await regardless(clock.sleep(wait, this.#touched.signal));
      if (this.#runtime !== runtime || inUse()) return false;
      found = this.#wanted || !idle() ? 0 : found + 1;
    }
    return true;
  }
}

/** One container from its start to its end. Given up by `signal`, it is killed wherever it is. */
async function rehearse(runtime: Runtime, kernel: string, signal: AbortSignal): Promise<void> {
  const id = generateId();
  const bundle = runtime.prepare(id, { rootfs: [] });
  bundle.add(ownRoot(bundle));
  try {
    const task = await bundle.start(
      specOf(id, kernel, bundle.rootfs),
      { stdin: false, stdout: true, stderr: true },
      signal,
    );
    const end = () => void regardless(task.killAll());
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    await task.exited;
    await task.delete();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The host's own root filesystem, which has a shell's programs, below a writable layer: as an image's layers are mounted. */
function ownRoot({ rootfs, binds }: Pick<Bundle, "rootfs" | "binds">): readonly GuestOperation[] {
  const [upper, work] = [`${binds}/upper`, `${binds}/work`];
  return [
    { op: "mkdir", path: upper, mode: 0o755, parents: true },
    { op: "mkdir", path: work, mode: 0o700 },
    {
      op: "mount",
      source: "overlay",
      target: rootfs,
      type: "overlay",
      options: ["lowerdir=/", `upperdir=${upper}`, `workdir=${work}`],
    },
  ];
}

const root: ResolvedUser = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

/** What `docker run IMAGE true` is started with. */
function specOf(id: string, kernel: string, rootPath: string): Spec {
  const capabilities = effectiveCapabilities([], [], false);
  return generateSpec({
    id,
    config: mergeConfig(id, {}, {}),
    host: completeHostConfig(),
    args: ["true"],
    user: root,
    mounts: ["hosts", "hostname"].map((name) => ({
      destination: `/etc/${name}`,
      type: "bind",
      source: `/etc/${name}`,
      options: ["rbind", "rprivate"],
    })),
    rootPath,
    joined: {},
    shm: undefined,
    seccompFilter: new SeccompFilters().filter(undefined, { capabilities, kernel }),
    noNewPrivileges: false,
    devicesPresent: [],
  });
}
