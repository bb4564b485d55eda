/** One mount(2) in the guest, as containerd's `mount.Mount`. Options are those of mount(8), flags and data mixed. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}
