import type { DeviceMapping } from "../../api/types/host-config.ts";
import { system } from "../../errdefs/errors.ts";
import type { Device, DeviceRule } from "./types.ts";

/** Access that every container has, as Docker's rules say it; the OCI runtime adds what pseudo terminals need. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  ...(
    [
      [1, 5],
      [1, 3],
      [1, 9],
      [1, 8],
      [5, 0],
      [5, 1],
    ] as const
  ).map(([major, minor]): DeviceRule => ({ allow: true, type: "c", major, minor, access: "rwm" })),
  { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
];

export const allDevicesRule: DeviceRule = { allow: true, access: "rwm" };

/** Type, major, minor and mode. */
type DeviceNumbers = readonly ["b" | "c", number, number, number];

/** Device files of the guest by their path: numbers are fixed by Linux (Documentation/admin-guide/devices.txt). */
const known: ReadonlyMap<string, DeviceNumbers> = new Map<string, DeviceNumbers>([
  ["/dev/mem", ["c", 1, 1, 0o640]],
  ["/dev/null", ["c", 1, 3, 0o666]],
  ["/dev/port", ["c", 1, 4, 0o640]],
  ["/dev/zero", ["c", 1, 5, 0o666]],
  ["/dev/full", ["c", 1, 7, 0o666]],
  ["/dev/random", ["c", 1, 8, 0o666]],
  ["/dev/urandom", ["c", 1, 9, 0o666]],
  ["/dev/kmsg", ["c", 1, 11, 0o644]],
  ["/dev/tty", ["c", 5, 0, 0o666]],
  ["/dev/ttyS0", ["c", 4, 64, 0o660]],
  ["/dev/fuse", ["c", 10, 229, 0o666]],
  ["/dev/net/tun", ["c", 10, 200, 0o666]],
  ["/dev/loop-control", ["c", 10, 237, 0o660]],
  ...Array.from({ length: 8 }, (_, index): [string, DeviceNumbers] => [`/dev/loop${index}`, ["b", 7, index, 0o660]]),
]);

/** Those that the OCI runtime makes in every container. */
const standard = new Set(["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"]);

/** What `--privileged` adds; `present` are the names in the guest's /dev. */
export function hostDevices(present: readonly string[]): readonly Device[] {
  return [...known]
    .filter(([path]) => !standard.has(path) && present.includes(path.slice("/dev/".length)))
    .map(([path, numbers]) => device(path, numbers));
}

/** What `--device` adds. Throws `System` for a device that the guest does not have, with Docker's text. */
export function mappedDevices(mappings: readonly DeviceMapping[]): {
  readonly devices: readonly Device[];
  readonly rules: readonly DeviceRule[];
} {
  const devices: Device[] = [];
  const rules: DeviceRule[] = [];
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of mappings) {
    const numbers = known.get(PathOnHost);
    if (!numbers) {
      throw system(
        `error gathering device information while adding custom device ${JSON.stringify(PathOnHost)}: no such file or directory`,
      );
    }
    const [type, major, minor] = numbers;
    if (!standard.has(PathInContainer || PathOnHost)) devices.push(device(PathInContainer || PathOnHost, numbers));
    rules.push({ allow: true, type, major, minor, access: CgroupPermissions || "rwm" });
  }
  return { devices, rules };
}

/** `--device-cgroup-rule`: such as `c 1:3 mr` or `a *:* rwm`. */
export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw system(`invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access = "rwm"] = match;
  return {
    allow: true,
    type: type as "a" | "b" | "c",
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
    access,
  };
}

function device(path: string, [type, major, minor, fileMode]: DeviceNumbers): Device {
  return { path, type, major, minor, fileMode, uid: 0, gid: 0 };
}
