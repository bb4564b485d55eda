import { invalidParameter } from "../errdefs/errors.ts";

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

const partPattern = /^[A-Za-z0-9_-]+$/;
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

/** Parses the value of `--platform`. Rejects with `InvalidParameter`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const [os = "", architecture, variant] = parts;
  if (text === "" || parts.length > 3 || !parts.every((part) => partPattern.test(part))) {
    throw invalidParameter(
      `"${text}" is an invalid component of "${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
    );
  }
  if (architecture === undefined) {
    if (knownSystems.includes(os.toLowerCase())) return normalizePlatform({ os, architecture: "386" });
    return normalizePlatform({ os: "linux", architecture: os });
  }
  return normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
}
