import type { SeccompProfile, SyscallRule } from "./profile.ts";

/**
 * Docker's default profile (the one that `docker info` calls "builtin") for i386: what is not listed answers EPERM. Checked
 * against the profile that engine 28.5 hands to its OCI runtime; calls that i386 does not have are left out.
 */
const always = [
  // Files and folders.
  `_llseek access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat
  faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32
  fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64
  fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch
  inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
  io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set lchown lchown32 lgetxattr link linkat
  listen listmount listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat
  name_to_handle_at open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
  readahead readlink readlinkat readv removexattr rename renameat renameat2 rmdir sendfile sendfile64 setxattr
  splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs tee truncate
  truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev`,
  // Sockets and polling.
  `_newselect accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait
  eventfd eventfd2 getpeername getsockname getsockopt poll ppoll ppoll_time64 pselect6 pselect6_time64 recvfrom
  recvmmsg recvmmsg_time64 recvmsg select sendmmsg sendmsg sendto setsockopt shutdown signalfd signalfd4
  socketcall socketpair`,
  // Memory.
  `brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap
  mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
  process_vm_readv process_vm_writev remap_file_pages`,
  // System V and POSIX message passing.
  `ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
  mq_unlink msgctl msgget msgrcv msgsnd semctl semget semtimedop_time64 shmat shmctl shmdt shmget`,
  // Time.
  `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
  clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create
  timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
  timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times`,
  // Processes, identities, signals, scheduling.
  `capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv
  futex_wake get_robust_list get_thread_area getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups
  getgroups32 getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32
  getrlimit getrusage getsid gettid getuid getuid32 kill landlock_add_rule landlock_create_ruleset
  landlock_restrict_self modify_ldt pause pidfd_open pidfd_send_signal prctl prlimit64 ptrace restart_syscall
  rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
  rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
  sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
  sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp set_robust_list
  set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
  setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32
  setrlimit setsid setuid setuid32 sigaltstack sigprocmask sigreturn sysinfo tgkill tkill ugetrlimit uname vfork
  wait4 waitid waitpid`,
];

/** Calls that come with a capability. */
const withCapability: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_SYS_ADMIN: `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: "reboot",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module init_module finit_module",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp pidfd_getfd process_madvise",
  CAP_SYS_RAWIO: "iopl ioperm",
  CAP_SYS_TIME: "settimeofday stime clock_settime clock_settime64",
  CAP_SYS_TTY_CONFIG: "vhangup",
  CAP_SYS_NICE: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
  CAP_SYSLOG: "syslog",
  CAP_BPF: "bpf",
  CAP_PERFMON: "perf_event_open",
};

const allow = "SCMP_ACT_ALLOW";
const words = (text: string) => text.trim().split(/\s+/);

const afVsock = 40;
/** personality(2): the default, and the flags that programs of other systems and 32-bit programs ask for; all ones queries. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWNS. */
const cloneNamespaces = 0x7e020000;
const enosys = 38;

const conditional: readonly SyscallRule[] = [
  { names: ["socket"], action: allow, args: [{ index: 0, op: "SCMP_CMP_NE", value: afVsock }] },
  ...personalities.map((value) => ({
    names: ["personality"],
    action: allow,
    args: [{ index: 0, op: "SCMP_CMP_EQ", value }],
  })),
  {
    names: ["clone"],
    action: allow,
    args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value: cloneNamespaces, valueTwo: 0 }],
    excludes: { caps: ["CAP_SYS_ADMIN"] },
  },
  // Its flags are in memory, out of a filter's sight: ENOSYS makes programs fall back to clone.
  { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: enosys, excludes: { caps: ["CAP_SYS_ADMIN"] } },
];

export const defaultSeccompProfile: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 1,
  syscalls: [
    { names: always.flatMap(words), action: allow },
    ...conditional,
    ...Object.entries(withCapability).map(([capability, names]) => ({
      names: words(names),
      action: allow,
      includes: { caps: [capability] },
    })),
  ],
};
