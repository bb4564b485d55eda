import { invalidParameter } from "../../errdefs/errors.ts";

/** What a container gets when nothing is asked for. */
const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** All that Linux 6.12 has, in the order of their numbers (linux/capability.h). */
const allCapabilities: readonly string[] =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
  NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
  SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
  BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** Upper-cases and prefixes names as users write them; `ALL` stays. Throws `InvalidParameter` for an unknown one. */
export function normalizeCapabilities(names: readonly string[]): readonly string[] {
  return names.map((given) => {
    const upper = given.toUpperCase();
    if (upper === "ALL") return upper;
    const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!allCapabilities.includes(name)) throw invalidParameter(`unknown capability: ${JSON.stringify(name)}`);
    return name;
  });
}

/** The capabilities of a container that was made with `--cap-add`, `--cap-drop` and `--privileged`. */
export function effectiveCapabilities(
  add: readonly string[],
  drop: readonly string[],
  privileged: boolean,
): readonly string[] {
  if (privileged) return allCapabilities;
  const added = normalizeCapabilities(add);
  const dropped = normalizeCapabilities(drop);
  if (added.includes("ALL")) return allCapabilities.filter((name) => !dropped.includes(name));
  if (dropped.includes("ALL")) return added;
  return [...new Set([...defaultCapabilities.filter((name) => !dropped.includes(name)), ...added])];
}
