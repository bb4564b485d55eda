import { platformNames } from "../opts/names.ts";
import type { Flag } from "./flag.ts";

/** `--platform`, which each command explains in its own words. */
export function platformFlag(usage: string): Flag {
  return { name: "platform", type: "string", usage, complete: platformNames };
}

/** `--platform` of commands that fetch or make an image. */
export const targetPlatformFlag = platformFlag("Set platform if server is multi-platform capable");
