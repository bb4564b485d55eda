import { type EngineError, invalidParameter } from "../errdefs/errors.ts";

/** A platform as in the OCI image index (image-spec, "platform" object). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** Windows only. */
  readonly osVersion?: string;
}

const architectures: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ["i386", ["386"]],
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["aarch64", ["arm64"]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
]);

/** One spelling for each platform, following containerd's `platforms.Normalize`. */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase() === "macos" ? "darwin" : platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const [architecture, impliedVariant] = architectures.get(given) ?? [given];
  const variant = normalizeVariant(architecture, impliedVariant ?? platform.variant?.toLowerCase() ?? "");
  return { os, architecture, ...(variant ? { variant } : {}) };
}

function normalizeVariant(architecture: string, variant: string): string {
  switch (architecture) {
    case "386":
      return "";
    case "amd64":
      return variant === "v1" ? "" : variant;
    case "arm64":
      return variant === "8" || variant === "v8" ? "" : variant;
    case "arm":
      return variant === "" ? "v7" : /^\d+$/.test(variant) ? `v${variant}` : variant;
    default:
      return variant;
  }
}

/** Whether an image for `offered` runs where `wanted` runs: exact in all parts after normalization. */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  const [a, b] = [normalizePlatform(wanted), normalizePlatform(offered)];
  return a.os === b.os && a.architecture === b.architecture && a.variant === b.variant;
}

/** The first of `offered` that suits the earliest possible entry of `wanted` (best first). */
export function choosePlatform<T>(
  wanted: readonly Platform[],
  offered: readonly T[],
  platformOf: (entry: T) => Platform | undefined,
): T | undefined {
  for (const want of wanted) {
    const found = offered.find((entry) => {
      const platform = platformOf(entry);
      return platform !== undefined && matchesPlatform(want, platform);
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `linux/386`, `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part).join("/");
}

const partPattern = "^[A-Za-z0-9_.-]+$";
const systemPattern = "^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.%-]*)((?:\\+[A-Za-z0-9_.%-]+)*)\\))?$";
const knownSystems: readonly string[] = [
  "linux",
  "windows",
  "darwin",
  "freebsd",
  "netbsd",
  "openbsd",
  "solaris",
  "plan9",
];
const knownArchitectures: readonly string[] = [
  ...["386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le"],
  ...["riscv64", "s390x", "wasm"],
];

/**
 * Parses the value of `--platform`: `os[(version)][/architecture[/variant]]`, or an architecture alone, which is one on Linux.
 * For an operating system alone the architecture is empty: any, as far as the asker is concerned. Rejects with
 * `InvalidParameter` in containerd's words.
 */
export function parsePlatform(text: string): Platform {
  if (text.includes("*")) throw invalid(`${JSON.stringify(text)}: wildcards not yet supported`);
  const parts = text.split("/");
  if (parts.length > 3) throw invalid(`${JSON.stringify(text)}: cannot parse platform specifier`);
  const [first = "", second, variant] = parts;
  const system = new RegExp(systemPattern).exec(first)?.[1];
  if (system === undefined) {
    throw invalid(
      `${JSON.stringify(first)} is an invalid OS component of ${JSON.stringify(text)}: OSAndVersion specifier component must match ${JSON.stringify(systemPattern)}`,
    );
  }
  const bad = parts.slice(1).find((part) => !new RegExp(partPattern).test(part));
  if (bad !== undefined) {
    throw invalid(
      `${JSON.stringify(bad)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match ${JSON.stringify(partPattern)}`,
    );
  }
  if (second !== undefined) {
    return normalizePlatform({ os: system, architecture: second, ...(variant ? { variant } : {}) });
  }
  if (knownSystems.includes(system.toLowerCase())) return normalizePlatform({ os: system, architecture: "" });
  const alone = normalizePlatform({ os: "linux", architecture: system });
  if (knownArchitectures.includes(alone.architecture)) return alone;
  throw invalid(`${JSON.stringify(text)}: unknown operating system or architecture`);
}

function invalid(problem: string): EngineError {
  return invalidParameter(`${problem}: invalid argument`);
}
