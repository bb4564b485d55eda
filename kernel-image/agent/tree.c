#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resolve.h"

/* Deeper folders are moved up to the root of the removal instead of being descended into. */
#define REMOVE_DEPTH 64
#define USAGE_DEPTH 1024
#define REMOVE_PASSES 1000

struct removal {
  int top;
  unsigned moved;
  unsigned budget;
};

static int remove_entries(struct removal *removal, int fd, int depth);

static int move_aside(struct removal *removal, int directory, const char *name) {
  int error;
  do {
    char aside[40];
    snprintf(aside, sizeof aside, ".wherry-removed-%u", removal->moved++);
    error = renameat(directory, name, removal->top, aside) < 0 ? errno : 0;
  } while (error == EEXIST || error == ENOTEMPTY || error == ENOTDIR);
  return error;
}

static int remove_folder(struct removal *removal, int directory, const char *name, int depth) {
  if (depth >= REMOVE_DEPTH) {
    return move_aside(removal, directory, name);
  }
  int fd = open_child(directory, name, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return errno;
  int error = remove_entries(removal, fd, depth + 1);
  if (error) return error;
  return unlinkat(directory, name, AT_REMOVEDIR) < 0 ? errno : 0;
}

/* Takes over `fd`. Removing while listing may skip entries: passes are made until one finds nothing. */
static int remove_entries(struct removal *removal, int fd, int depth) {
  struct listing listing;
  listing_open(&listing, fd);
  int error = 0;
  bool found = true;
  for (int pass = 0; found && !error && pass < REMOVE_PASSES; pass++) {
    if (pass) lseek(fd, 0, SEEK_SET);
    listing.at = listing.length = 0;
    found = false;
    const char *name;
    while (!error && (name = listing_next(&listing, &error))) {
      found = true;
      if (!removal->budget--) error = EINPROGRESS;
      else if (unlinkat(fd, name, 0) == 0) continue;
      /* Which error says "is a directory" differs between file systems. */
      else if (errno == EISDIR || errno == EPERM) error = remove_folder(removal, fd, name, depth);
      else error = errno;
      if (error == ENOENT) error = 0;
    }
  }
  listing_close(&listing);
  return error;
}

static bool is_mount(const char *path) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &status) < 0) return false;
  return status.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int tree_remove(const char *path, unsigned budget) {
  if (unlink(path) == 0) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  if (is_mount(path)) return EBUSY;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno;
  struct removal removal = {.top = fcntl(fd, F_DUPFD_CLOEXEC, 3), .budget = budget};
  if (removal.top < 0) {
    close(fd);
    return errno;
  }
  int error = remove_entries(&removal, fd, 1);
  close(removal.top);
  if (error) return error;
  return rmdir(path) < 0 ? errno : 0;
}

/*
 * A file with several links counts in parts, so that it adds up to one when all of them are in the tree. Folders have no
 * size: what they take is not what was written.
 */
struct shares {
  double size, inodes;
};

static void count(struct shares *shares, const struct stat *status) {
  double links = S_ISDIR(status->st_mode) || !status->st_nlink ? 1 : (double)status->st_nlink;
  if (!S_ISDIR(status->st_mode)) shares->size += (double)status->st_size / links;
  shares->inodes += 1 / links;
}

static int count_entries(struct shares *shares, int fd, int depth) {
  struct listing listing;
  listing_open(&listing, fd);
  int error = depth > USAGE_DEPTH ? ELOOP : 0;
  const char *name;
  while (!error && (name = listing_next(&listing, &error))) {
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
      error = errno == ENOENT ? 0 : errno;
      continue;
    }
    int child = S_ISDIR(status.st_mode) ? open_child(fd, name, O_RDONLY | O_DIRECTORY) : -1;
    if (S_ISDIR(status.st_mode) && child < 0) {
      /* Gone meanwhile, or another mount. */
      error = errno == ENOENT || errno == EXDEV ? 0 : errno;
      continue;
    }
    count(shares, &status);
    if (child >= 0) error = count_entries(shares, child, depth + 1);
  }
  listing_close(&listing);
  return error;
}

int tree_usage(const char *path, struct usage *out) {
  struct stat status;
  if (lstat(path, &status) < 0) return errno;
  struct shares shares = {0};
  count(&shares, &status);
  int error = 0;
  if (S_ISDIR(status.st_mode)) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno;
    error = count_entries(&shares, fd, 0);
  }
  out->size = (uint64_t)(shares.size + .5);
  out->inodes = (uint64_t)(shares.inodes + .5);
  return error;
}
