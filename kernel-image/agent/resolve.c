#include "resolve.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_resolved(int directory, const char *path, int flags, unsigned resolve) {
  struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC | O_LARGEFILE, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int open_in_root(const char *root, const char *path, int flags) {
  if (!*root) return open(path, flags | O_CLOEXEC);
  int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  /* Magic links (/proc/self/fd) would lead out of the root. */
  int fd = open_resolved(directory, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  close(directory);
  return fd;
}

int open_child(int directory, const char *name, int flags) {
  return open_resolved(directory, name, flags | O_NOFOLLOW, RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}
