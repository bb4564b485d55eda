import { isIP } from "node:net";
import { isLoopbackAddress, isPrivateAddress } from "./private-address.node.ts";

/** Served without being named: Docker Hub, GitHub's and Quay's registries. */
const defaultRegistries: readonly string[] = ["registry-1.docker.io", "ghcr.io", "quay.io"];

/**
 * Which registries the proxy serves. One that is named by its own address (or as `localhost`) may be private and may speak
 * HTTP, since that is what its name says; no other name may lead to a private address.
 */
export class AllowedRegistries {
  readonly #hosts: ReadonlySet<string>;

  /** `named`: what `--allow-registry` gave, each `HOST` or `HOST:PORT`. Throws a RangeError for anything else. */
  constructor(named: readonly string[]) {
    this.#hosts = new Set([...defaultRegistries, ...named].map(normalized));
  }

  serves(url: URL): boolean {
    return this.#hosts.has(url.host) && (url.protocol === "https:" || this.#isNamedByAddress(url));
  }

  /** Whether a hop to `url` may use `address`, which its name was resolved to. */
  mayConnect(url: URL, address: string): boolean {
    if (!isPrivateAddress(address)) return url.protocol === "https:" || this.#isNamedByAddress(url);
    if (!this.#isNamedByAddress(url)) return false;
    return url.hostname === "localhost" ? isLoopbackAddress(address) : hostAddress(url) === address;
  }

  #isNamedByAddress(url: URL): boolean {
    return this.#hosts.has(url.host) && (url.hostname === "localhost" || hostAddress(url) !== undefined);
  }
}

/** The address that a URL names itself, without DNS. */
export function hostAddress({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) ? bare : undefined;
}

function normalized(text: string): string {
  const url = URL.canParse(`https://${text}`) ? new URL(`https://${text}`) : undefined;
  const isHost =
    url !== undefined && url.href === `https://${url.host}/` && url.hostname !== "" && /^[^/@?#\\]+$/.test(text);
  if (!isHost) throw new RangeError(`--allow-registry: expected HOST or HOST:PORT, got ${JSON.stringify(text)}`);
  return url.host;
}
