import { messageOf } from "../errors.ts";

/** A platform as the API takes it. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

const operatingSystem = "^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$";
const component = "^[A-Za-z0-9_.-]+$";
const knownSystems = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const knownArchitectures = new Set(
  (
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 " +
    "ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);
/** Other names of architectures, and the variant that they stand for. */
const aliases: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ["386"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

/** What a platform that names only an operating system or an architecture is completed with. */
const own = { os: "linux", architecture: "386" } as const;

/**
 * `os[/arch[/variant]]`, or an architecture alone.
 * @throws Error with containerd's message
 */
export function parsePlatform(text: string): Platform {
  const quoted = JSON.stringify(text);
  const invalid = (reason: string) => new Error(`${reason}: invalid argument`);
  if (text.includes("*")) throw invalid(`${quoted}: wildcards not yet supported`);
  const parts = text.split("/");
  for (const [index, part] of parts.entries()) checkComponent(part, index === 0, quoted, invalid);
  const [first = "", second, variant] = parts;
  if (parts.length > 3) throw invalid(`${quoted}: cannot parse platform specifier`);
  const os = first.toLowerCase() === "macos" ? "darwin" : first.toLowerCase();
  if (second !== undefined) return normalized(os, second, variant);
  if (knownSystems.has(os.replace(/\(.*/, ""))) return { os, architecture: own.architecture };
  const alone = normalized(own.os, first, undefined);
  if (!knownArchitectures.has(alone.architecture)) {
    throw invalid(`${quoted}: unknown operating system or architecture`);
  }
  return alone;
}

function checkComponent(part: string, isFirst: boolean, quoted: string, invalid: (reason: string) => Error): void {
  const pattern = isFirst ? operatingSystem : component;
  if (new RegExp(pattern).test(part)) return;
  const [what, rule] = isFirst
    ? ["an invalid OS component", "OSAndVersion specifier component"]
    : ["an invalid component", "platform specifier component"];
  throw invalid(`${JSON.stringify(part)} is ${what} of ${quoted}: ${rule} must match ${JSON.stringify(pattern)}`);
}

function normalized(os: string, architecture: string, variant: string | undefined): Platform {
  const lower = architecture.toLowerCase();
  const [name, implied] = aliases[lower] ?? [lower];
  const asked = variant?.toLowerCase();
  const wanted = asked !== undefined && /^\d$/.test(asked) ? `v${asked}` : asked;
  const known = name === "arm" ? "v7" : name === "arm64" ? "v8" : name === "amd64" ? "v1" : undefined;
  const found = wanted ?? implied;
  return { architecture: name, os, ...(found !== undefined && found !== known && { variant: found }) };
}

/** As a query parameter of containers: `linux/arm/v7`. */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/**
 * As a query parameter of images; nothing when no platform is asked for.
 * @param prefix of the message when it cannot be read
 */
export function platformParameter(text: string, prefix = ""): string | undefined {
  if (text === "") return undefined;
  try {
    return JSON.stringify(parsePlatform(text));
  } catch (error) {
    throw new Error(prefix + messageOf(error), { cause: error });
  }
}

/** The same for a flag that may be given several times. */
export function platformParameters(texts: readonly string[], prefix = ""): string[] | undefined {
  const found = texts.flatMap((text) => platformParameter(text, prefix) ?? []);
  return found.length > 0 ? found : undefined;
}
