import { compileSeccomp } from "../runtime/seccomp/compile.ts";
import { decodeSeccompProfile } from "../runtime/seccomp/decode-profile.ts";
import { defaultSeccompProfile } from "../runtime/seccomp/default-profile.ts";
import type { SeccompContext } from "../runtime/seccomp/profile.ts";
import type { UserDatabase } from "../runtime/spec/user.ts";

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

  /** `text` is a profile's JSON, or undefined for Docker's own. Answers undefined for a profile that filters nothing. */
  filter(text: string | undefined, context: SeccompContext): string | undefined {
    const key = JSON.stringify([text, context.capabilities, context.kernel]);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const profile = text === undefined ? defaultSeccompProfile : decodeSeccompProfile(text);
    if (profile === undefined) return undefined;
    const filter = compileSeccomp(profile, context);
    if (this.#compiled.size > 64) this.#compiled.clear();
    this.#compiled.set(key, filter);
    return filter;
  }
}
