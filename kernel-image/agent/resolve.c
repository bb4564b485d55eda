#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2 answers EAGAIN when something was renamed while it looked at `..`. */
#define ATTEMPTS 16
/* Magic links (/proc/self/fd) would lead out of the root. */
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)

static int open_resolved(int directory, const char *path, int flags, unsigned resolve) {
  struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC | O_LARGEFILE, .resolve = resolve};
  if (flags & O_PATH) how.flags &= ~(unsigned)O_LARGEFILE;
  int fd = -1;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return fd;
}

static void close_quietly(int fd) {
  int error = errno;
  close(fd);
  errno = error;
}

static int open_top(const char *root) { return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC); }

int open_in_root(const char *root, const char *path, int flags) {
  if (!*root) return open(path, flags | O_CLOEXEC);
  int directory = open_top(root);
  if (directory < 0) return -1;
  int fd = open_resolved(directory, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  close_quietly(directory);
  return fd;
}

int open_regular_in_root(const char *root, const char *path) {
  if (!*root) return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int place = open_in_root(root, path, O_PATH);
  if (place < 0) return -1;
  struct stat status;
  int fd = fstat(place, &status);
  if (fd == 0 && !S_ISREG(status.st_mode)) {
    errno = EINVAL;
    fd = -1;
  }
  if (fd == 0) {
    char name[DESCRIPTOR_NAME];
    descriptor_name(name, place);
    fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }
  close_quietly(place);
  return fd;
}

int open_beneath(const char *root, const char *path) {
  int top = open_top(root);
  if (top < 0) return -1;
  int fd = open_resolved(top, *path ? path : ".", O_PATH, BENEATH);
  close_quietly(top);
  return fd;
}

/* The last name of `path` is made in `folder` when `path` is not there. A symlink that leads nowhere is EEXIST. */
static int open_or_make(int top, const char *path, int folder, const char *name) {
  int fd = open_resolved(top, path, O_PATH, BENEATH);
  if (fd >= 0 || errno != ENOENT) return fd;
  if (mkdirat(folder, name, 0755) == 0) return open_resolved(top, path, O_PATH, BENEATH);
  if (errno != EEXIST) return -1;
  fd = open_resolved(top, path, O_PATH, BENEATH);
  if (fd < 0 && errno == ENOENT) errno = EEXIST;
  return fd;
}

int make_beneath(const char *root, char *path) {
  int top = open_top(root);
  if (top < 0 || !*path) return top;
  int at = fcntl(top, F_DUPFD_CLOEXEC, 0);
  char *name = path;
  while (at >= 0) {
    char *slash = strchr(name, '/');
    if (slash) *slash = 0;
    int next = open_or_make(top, path, at, name);
    if (slash) *slash = '/';
    close_quietly(at);
    at = next;
    if (!slash) break;
    name = slash + 1;
  }
  close_quietly(top);
  return at;
}

void descriptor_name(char name[DESCRIPTOR_NAME], int fd) { snprintf(name, DESCRIPTOR_NAME, "/proc/self/fd/%d", fd); }

int open_child(int directory, const char *name, int flags) {
  return open_resolved(directory, name, flags | O_NOFOLLOW, RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}
