/* crun's configuration for the Wherry guest, in place of what its configure script would find out about the machine. */
#define HAVE_CAP 1
#define HAVE_COPY_FILE_RANGE 1
#define HAVE_EBPF 1
#define HAVE_ERROR_H 1
#define HAVE_FGETPWENT_R 1
#define HAVE_FGETXATTR 1
#define HAVE_FSCONFIG_CMD_CREATE_LINUX_MOUNT_H 1
#define HAVE_FSCONFIG_CMD_CREATE_SYS_MOUNT_H 1
#define HAVE_LINUX_BPF_H 1
#define HAVE_LINUX_OPENAT2_H 1
#define HAVE_SECCOMP 1
#define HAVE_SECCOMP_GET_NOTIF_SIZES 1
#define HAVE_STATX 1
#define HAVE_STDATOMIC_H 1
#define HAVE_YAJL 1
#define SECCOMP_ARCH_RESOLVE_NAME 1
#define LIBCRUN_PUBLIC
#define CRUN_LIBDIR "/usr/lib/crun"
#define PACKAGE_NAME "crun"
#define PACKAGE_BUGREPORT ""
/* PACKAGE_VERSION and PACKAGE_STRING come from the command line. */
