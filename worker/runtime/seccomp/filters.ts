import { compileSeccomp } from "./compile.ts";
import { decodeSeccompProfile } from "./decode-profile.ts";
import { defaultSeccompProfile } from "./default-profile.ts";
import type { SeccompContext } from "./profile.ts";

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
