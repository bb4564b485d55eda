import { invalidParameter } from "../errdefs/errors.ts";
import { compileSeccomp } from "../runtime/seccomp/compile.ts";
import { defaultSeccompProfile } from "../runtime/seccomp/default-profile.ts";
import type { SeccompProfile } from "../runtime/seccomp/profile.ts";
import type { UserDatabase } from "../runtime/spec/user.ts";

/** Of the guest's kernel; profiles may ask for a minimum. */
const kernel = [6, 12] as const;
const filesLimit = 1 << 20;

type ReadFile = (path: string, limit: number) => Promise<Uint8Array | undefined>;

/** Reads who is known in a container. `read` answers files of its root filesystem. */
export async function readUserDatabase(read: ReadFile): Promise<UserDatabase> {
  const text = async (path: string) => new TextDecoder().decode((await read(path, filesLimit)) ?? new Uint8Array(0));
  const [passwd, group] = await Promise.all([text("/etc/passwd"), text("/etc/group")]);
  return { passwd, group };
}

/** Compiled seccomp filters: most containers share one. */
export class SeccompFilters {
  readonly #compiled = new Map<string, string>();

  /** `profile` is JSON, or undefined for Docker's own. */
  filter(profile: string | undefined, capabilities: readonly string[]): string {
    const key = JSON.stringify([profile, capabilities]);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const filter = compileSeccomp(profile === undefined ? defaultSeccompProfile : parseProfile(profile), {
      capabilities,
      kernel,
    });
    if (this.#compiled.size > 64) this.#compiled.clear();
    this.#compiled.set(key, filter);
    return filter;
  }
}

function parseProfile(text: string): SeccompProfile {
  try {
    const profile: unknown = JSON.parse(text);
    if (typeof profile === "object" && profile !== null && "defaultAction" in profile) return profile as SeccompProfile;
  } catch (error) {
    throw invalidParameter(`Decoding seccomp profile failed: ${error instanceof Error ? error.message : ""}`);
  }
  throw invalidParameter("Decoding seccomp profile failed: it has no defaultAction");
}
