#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "resolve.h"
#include "tree.h"

#define COPY_DEPTH 512
#define LINK_BUCKETS 256

/* A file that has further links: where its copy is, from the root of the copy. */
struct link {
  dev_t device;
  ino_t inode;
  struct link *next;
  char path[];
};

struct copy {
  int top;
  int depth;
  /* Of what is being copied, from the root of the copy. */
  char path[4096];
  struct link *links[LINK_BUCKETS];
};

static int copy_xattrs(int from, int to) {
  /* Static: these run in the worker's child, one at a time, below deep recursion. */
  static char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
  ssize_t length = flistxattr(from, names, sizeof names);
  if (length < 0) return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
  for (char *name = names; name < names + length; name += strlen(name) + 1) {
    ssize_t size = fgetxattr(from, name, value, sizeof value);
    if (size < 0) continue;
    /* The volume's file system may know fewer attributes than the image's. */
    if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM) return errno;
  }
  return 0;
}

/* Owner first: changing it clears the set-uid bits and capabilities. */
static int copy_attributes(int from, int to, const struct stat *status) {
  if (fchown(to, status->st_uid, status->st_gid) < 0) return errno;
  if (fchmod(to, status->st_mode & 07777) < 0) return errno;
  int error = copy_xattrs(from, to);
  if (error) return error;
  struct timespec times[2] = {status->st_atim, status->st_mtim};
  return futimens(to, times) < 0 ? errno : 0;
}

static int copy_file(int from_folder, int to_folder, const char *name, const struct stat *status) {
  int from = open_child(from_folder, name, O_RDONLY | O_NONBLOCK);
  if (from < 0) return errno;
  int to = openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int error = to < 0 ? errno : 0;
  while (!error) {
    ssize_t sent = sendfile(to, from, NULL, 1 << 20);
    if (sent < 0) error = errno;
    if (sent <= 0) break;
  }
  if (!error) error = copy_attributes(from, to, status);
  close(from);
  if (to >= 0) close(to);
  return error;
}

static int copy_symlink(int from, int to, const char *name) {
  char target[4096];
  ssize_t length = readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) return errno;
  target[length] = 0;
  return symlinkat(target, to, name) < 0 ? errno : 0;
}

static struct link **link_bucket(struct copy *copy, const struct stat *status) {
  return &copy->links[(unsigned)status->st_ino % LINK_BUCKETS];
}

/* Links to the first copy of the same file: 0 when done, -1 when this is the first, else an errno. */
static int copy_as_link(struct copy *copy, int to, const char *name, const struct stat *status) {
  struct link *link = *link_bucket(copy, status);
  while (link && (link->inode != status->st_ino || link->device != status->st_dev)) link = link->next;
  if (!link) return -1;
  return linkat(copy->top, link->path, to, name, 0) < 0 ? errno : 0;
}

static int remember_link(struct copy *copy, const struct stat *status) {
  struct link *link = malloc(sizeof *link + strlen(copy->path) + 1);
  if (!link) return ENOMEM;
  link->device = status->st_dev;
  link->inode = status->st_ino;
  strcpy(link->path, copy->path);
  struct link **bucket = link_bucket(copy, status);
  link->next = *bucket;
  *bucket = link;
  return 0;
}

static int copy_entries(struct copy *copy, int from, int to);

static int copy_folder(struct copy *copy, int from, int to, const char *name, const struct stat *status) {
  int child = open_child(from, name, O_RDONLY | O_DIRECTORY);
  /* Another mount is not part of the tree. */
  if (child < 0) return errno == EXDEV ? 0 : errno;
  if (mkdirat(to, name, 0700) < 0 && errno != EEXIST) {
    int error = errno;
    close(child);
    return error;
  }
  int made = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int error = made < 0 ? errno : copy_entries(copy, child, made);
  if (!error) error = copy_attributes(child, made, status);
  close(child);
  if (made >= 0) close(made);
  return error;
}

static int copy_entry(struct copy *copy, int from, int to, const char *name) {
  struct stat status;
  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno;
  if (S_ISDIR(status.st_mode)) return copy_folder(copy, from, to, name, &status);
  if (status.st_nlink > 1) {
    int error = copy_as_link(copy, to, name, &status);
    if (error >= 0) return error;
  }
  int error = 0;
  if (S_ISREG(status.st_mode)) {
    error = copy_file(from, to, name, &status);
  } else {
    if (S_ISLNK(status.st_mode)) error = copy_symlink(from, to, name);
    else if (mknodat(to, name, status.st_mode, status.st_rdev) < 0) error = errno;
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (!error && fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0) error = errno;
    if (!error && !S_ISLNK(status.st_mode) && fchmodat(to, name, status.st_mode & 07777, 0) < 0) error = errno;
    if (!error && utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0) error = errno;
  }
  if (!error && status.st_nlink > 1) error = remember_link(copy, &status);
  return error;
}

static int copy_entries(struct copy *copy, int from, int to) {
  if (copy->depth >= COPY_DEPTH) return ELOOP;
  copy->depth++;
  struct listing listing;
  int error = 0;
  int own = fcntl(from, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return errno;
  listing_open(&listing, own);
  size_t length = strlen(copy->path);
  const char *name;
  while (!error && (name = listing_next(&listing, &error))) {
    int printed = snprintf(copy->path + length, sizeof copy->path - length, length ? "/%s" : "%s", name);
    if (printed < 0 || (size_t)printed >= sizeof copy->path - length) error = ENAMETOOLONG;
    else error = copy_entry(copy, from, to, name);
    copy->path[length] = 0;
  }
  listing_close(&listing);
  copy->depth--;
  return error;
}

static void free_links(struct copy *copy) {
  for (int i = 0; i < LINK_BUCKETS; i++)
    while (copy->links[i]) {
      struct link *next = copy->links[i]->next;
      free(copy->links[i]);
      copy->links[i] = next;
    }
}

int tree_copy(const char *root, const char *from, const char *to) {
  int source = open_in_root(root, from, O_RDONLY | O_DIRECTORY);
  if (source < 0) return errno;
  int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = target < 0 ? errno : 0;
  struct copy *copy = error ? NULL : calloc(1, sizeof *copy);
  struct stat status;
  if (!error && !copy) error = ENOMEM;
  if (!error && fstat(source, &status) < 0) error = errno;
  if (!error) {
    copy->top = target;
    error = copy_entries(copy, source, target);
    if (!error) error = copy_attributes(source, target, &status);
    free_links(copy);
  }
  free(copy);
  close(source);
  if (target >= 0) close(target);
  return error;
}
