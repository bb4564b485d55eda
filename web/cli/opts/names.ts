/** States of containers that have processes: what `docker ps` lists. */
export const upStates: readonly string[] = ["running", "paused", "restarting"];

/** Signals, as the completion of `--signal` offers them. */
export const signalNames: readonly string[] = (
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMIN SEGV STKFLT STOP SYS TERM " +
  "TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
)
  .split(" ")
  .concat(
    range(15).map((n) => `RTMIN+${n}`),
    range(14).map((n) => `RTMAX-${n}`),
  );

/** Policies, as the completion of `--restart` offers them. */
export const restartPolicies: readonly string[] = ["no", "always", "on-failure", "unless-stopped"];

/** What `--cap-add` or `--cap-drop` comes to: `net_admin` as the API writes it (`CAP_NET_ADMIN`), each once, in order. */
export function capabilities(given: readonly string[]): string[] {
  const names = given.map((text) => text.trim().toUpperCase());
  return [...new Set(names.map((name) => (/^(ALL$|CAP_)/.test(name) ? name : `CAP_${name}`)))].sort();
}

/** Linux capabilities, as the completion of `--cap-add` offers them. */
export const capabilityNames: readonly string[] = [
  "ALL",
  ...(
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER " +
    "FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE " +
    "NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE " +
    "SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
  )
    .split(" ")
    .map((name) => `CAP_${name}`),
];

/** Platforms, as the completion of `--platform` offers them. */
export const platformNames: readonly string[] = (
  "linux/386 linux/amd64 linux/arm linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64 linux/arm64/v8 linux/ppc64le linux/s390x " +
  "linux/riscv64 windows/amd64 wasip1/wasm"
).split(" ");

/** Limits, as the completion of `--ulimit` offers them. */
export const ulimitNames: readonly string[] = (
  "as chroot core cpu data fsize locks maxlogins maxsyslogins memlock msgqueue nice nofile nproc priority rss rtprio " +
  "sigpending stack"
)
  .split(" ")
  .map((name) => `${name}=`);

function range(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
