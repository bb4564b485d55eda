/**
 * What a snapshot fits, beside the files that it was booted from: a guest that was built for anything else is refused. Part of
 * the key under which one is kept.
 */
export const machineIdentity = {
  /** The devices, and what their state depends on. */
  layout: "v86 0.5.462; acpi, virtio: net, agent port, 9p; vga 1 MiB; layout 1",
  /** The exact version of the npm package: the state and the WebAssembly module are this one's. */
  v86: "0.5.462+g5f9a90f",
  /** Bytes of RAM. */
  memory: 256 << 20,
  /** The kernel's. */
  commandLine: "console=ttyS0 rdinit=/init quiet tsc=reliable nokaslr panic=-1 random.trust_cpu=on",
} as const;
