const realmLimit = 64;

/**
 * Token servers that allowed registries have named in a challenge. Only these may be asked for tokens, and only for a while:
 * nobody can have the proxy fetch an address by calling it a token server.
 */
export class Realms {
  readonly #lifetime: number;
  readonly #now: () => number;
  readonly #known = new Map<string, number>();

  /** `lifetime` in milliseconds. */
  constructor(lifetime: number, now: () => number = Date.now) {
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /** Remembers the realm of a Bearer challenge. A registry that is asked over TLS can't name a realm without. */
  learn(challenge: string | undefined, registry: URL): void {
    const text = /^\s*bearer\s.*?\brealm="([^"\\]{1,2000})"/i.exec(challenge?.slice(0, 8192) ?? "")?.[1];
    if (text === undefined || !URL.canParse(text)) return;
    const realm = new URL(text);
    const secure = realm.protocol === "https:" || (realm.protocol === "http:" && registry.protocol === "http:");
    if (!secure || realm.username !== "" || realm.password !== "") return;
    this.#known.delete(key(realm));
    this.#known.set(key(realm), this.#now() + this.#lifetime);
    const [oldest] = this.#known.keys();
    if (this.#known.size > realmLimit && oldest !== undefined) this.#known.delete(oldest);
  }

  knows(url: URL): boolean {
    return (this.#known.get(key(url)) ?? 0) > this.#now();
  }
}

function key(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
