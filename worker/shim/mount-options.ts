/** One mount(2). */
export interface MountCall {
  readonly source: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

const MS_RDONLY = 1;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_SILENT = 32768;

/** Options that set flags of mount(2), and those that clear them. */
const setting: Readonly<Record<string, number>> = {
  ro: MS_RDONLY,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: MS_REMOUNT,
  dirsync: 128,
  nosymfollow: 256,
  noatime: 1024,
  nodiratime: 2048,
  bind: MS_BIND,
  move: 8192,
  rbind: MS_BIND | MS_REC,
  silent: MS_SILENT,
  relatime: 1 << 21,
  strictatime: 1 << 24,
  lazytime: 1 << 25,
};
const clearing: Readonly<Record<string, number>> = {
  rw: MS_RDONLY,
  suid: 2,
  dev: 4,
  exec: 8,
  async: 16,
  symfollow: 256,
  atime: 1024,
  diratime: 2048,
  norelatime: 1 << 21,
  nostrictatime: 1 << 24,
  nolazytime: 1 << 25,
  loud: MS_SILENT,
  defaults: 0,
};
const propagation: Readonly<Record<string, number>> = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  runbindable: (1 << 17) | MS_REC,
  rprivate: (1 << 18) | MS_REC,
  rslave: (1 << 19) | MS_REC,
  rshared: (1 << 20) | MS_REC,
};

/**
 * What mount(8) would do with these options: flags and data in one call, the flags of a bind mount in a second one, each
 * change of propagation in one more.
 */
export function mountCalls(source: string, type: string, options: readonly string[]): readonly MountCall[] {
  let flags = 0;
  const data: string[] = [];
  const changes: number[] = [];
  for (const option of options) {
    const set = lookup(setting, option);
    const clear = lookup(clearing, option);
    const change = lookup(propagation, option);
    if (set !== undefined) flags |= set;
    else if (clear !== undefined) flags &= ~clear;
    else if (change !== undefined) changes.push(change);
    else if (option !== "") data.push(option);
  }
  return [
    ...newMount({ source, type, flags, data: data.join(",") }, changes.length > 0),
    ...changes.map((change) => ({ source: "", type: "", flags: change, data: "" })),
  ];
}

/** `changed`: changes of propagation follow. */
function newMount(call: MountCall, changed: boolean): readonly MountCall[] {
  const { type, flags, data } = call;
  if ((flags & MS_BIND) === 0 || (flags & MS_REMOUNT) !== 0) {
    const onlyChange = changed && flags === 0 && data === "" && (type === "" || type === "none" || type === "bind");
    return onlyChange ? [] : [call];
  }
  // A bind mount takes over the flags of what it shows; others are set by a second call.
  const extra = flags & ~(MS_BIND | MS_REC | MS_SILENT);
  const bind = { ...call, flags: flags & (MS_BIND | MS_REC | MS_SILENT), data: "" };
  return extra === 0 ? [bind] : [bind, { source: "", type: "", flags: extra | MS_REMOUNT | MS_BIND, data: "" }];
}

function lookup(table: Readonly<Record<string, number>>, option: string): number | undefined {
  return Object.hasOwn(table, option) ? table[option] : undefined;
}
