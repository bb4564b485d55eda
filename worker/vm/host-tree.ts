/**
 * A folder of the host that is served to the guest. Every path is resolved beneath it and no symlink leads out of it.
 * The operations are those that the 9p server needs.
 */
export interface HostTree {
  readonly readOnly: boolean;
}
