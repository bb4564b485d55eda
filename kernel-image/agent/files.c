#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port.h"
#include "protocol.h"
#include "resolve.h"
#include "tree.h"

#define RESULT_PART 32768u
/* A tree of so many entries is removed at once. */
#define QUICK_ENTRIES 256u

static int error_of(int result) { return result < 0 ? errno : 0; }

static int make_folders(char *path, uint32_t mode) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int error = mkdir(path, 0755) < 0 && errno != EEXIST ? errno : 0;
    *slash = '/';
    if (error) return error;
  }
  if (mkdir(path, mode) == 0) return 0;
  int error = errno;
  struct stat status;
  if (error == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return 0;
  return error;
}

/* One write(2): files of cgroup and proc take their value whole. O_NONBLOCK: a FIFO without a reader is ENXIO, not a wait. */
static int write_file(const struct operation *operation, int flags) {
  int fd = open(operation->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | flags, operation->mode);
  if (fd < 0) return errno;
  const uint8_t *at = operation->bytes.at;
  size_t left = operation->bytes.length;
  int error = 0;
  while (left && !error) {
    ssize_t put = write(fd, at, left);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) error = errno;
    else if (put == 0) error = EIO;
    else {
      at += put;
      left -= (size_t)put;
    }
  }
  if (close(fd) < 0 && !error) error = errno;
  return error;
}

static int remove_path(const struct operation *operation, bool patient) {
  int error;
  if (operation->extra & REMOVE_RECURSIVE) error = tree_remove(operation->path, patient ? UINT_MAX : QUICK_ENTRIES);
  else error = error_of(remove(operation->path));
  return error == ENOENT && (operation->extra & REMOVE_MISSING_OK) ? 0 : error;
}

static int unmount(const struct operation *operation) {
  int error = error_of(umount2(operation->path, (int)operation->flags | UMOUNT_NOFOLLOW));
  bool missing = error == ENOENT || error == EINVAL;
  return missing && (operation->extra & UNMOUNT_MISSING_OK) ? 0 : error;
}

static int copy(const struct operation *operation, bool patient) {
  if (!patient) return EINPROGRESS;
  int error = tree_copy(operation->root, operation->other, operation->path);
  bool missing = error == ENOENT || error == ENOTDIR;
  return missing && (operation->extra & COPY_MISSING_OK) ? 0 : error;
}

/* The target is made: a folder, or an empty file when what is bound there is no folder. */
static int bind_descriptor(int fd, const char *target) {
  struct stat status;
  if (fstat(fd, &status) < 0) return errno;
  int made = S_ISDIR(status.st_mode) ? mkdir(target, 0755) : mknod(target, S_IFREG | 0600, 0);
  if (made < 0) return errno;
  char source[DESCRIPTOR_NAME];
  descriptor_name(source, fd);
  return error_of(mount(source, target, NULL, MS_BIND | MS_REC, NULL));
}

/* Bound by the open file, so that nobody can put a symlink in its way between looking and mounting. */
static int bind_beneath(const struct operation *operation) {
  const char *root = operation->root;
  bool make = operation->extra & BIND_MAKE;
  int fd = make ? make_beneath(root, operation->other) : open_beneath(root, operation->other);
  if (fd < 0) return errno;
  int error = *operation->path ? bind_descriptor(fd, operation->path) : 0;
  close(fd);
  return error;
}

int files_operate(const struct operation *operation, bool patient) {
  const char *path = operation->path;
  switch (operation->op) {
    case OP_MKDIR:
      return operation->extra ? make_folders(operation->path, operation->mode) : error_of(mkdir(path, operation->mode));
    case OP_WRITE:
      return write_file(operation, O_CREAT | O_TRUNC);
    case OP_APPEND:
      return write_file(operation, O_APPEND);
    case OP_SYMLINK:
      return error_of(symlink(operation->other, path));
    case OP_REMOVE:
      return remove_path(operation, patient);
    case OP_MOUNT:
      return error_of(mount(operation->other, path, operation->type, operation->flags, operation->data));
    case OP_UNMOUNT:
      return unmount(operation);
    case OP_COPY:
      return copy(operation, patient);
    case OP_BIND:
      return bind_beneath(operation);
    default:
      return EPROTO;
  }
}

/* The answer is sent in parts; an error after the first part is told in the last one's errno. */
void files_answer_readfile(uint32_t id, const struct path_request *request) {
  int fd = open_regular_in_root(request->root, request->path);
  if (fd < 0) {
    port_result(id, errno, NULL, 0);
    return;
  }
  uint32_t left = request->limit;
  for (;;) {
    uint32_t room = left < RESULT_PART ? left : RESULT_PART;
    uint8_t *part = port_reserve(4 + room);
    ssize_t got = room ? read(fd, part + 4, room) : 0;
    if (got < 0 && errno == EINTR) continue;
    put_u32(part, got < 0 ? (uint32_t)errno : 0);
    uint32_t length = got > 0 ? (uint32_t)got : 0;
    port_send_reserved(FRAME_RESULT, length ? FLAG_MORE : 0, id, 4 + length);
    left -= length;
    if (!length) break;
  }
  close(fd);
}

void files_answer_readdir(uint32_t id, const struct path_request *request) {
  int fd = open(request->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    port_result(id, errno, NULL, 0);
    return;
  }
  struct listing listing;
  listing_open(&listing, fd);
  int error = 0;
  uint32_t length = 0;
  uint8_t *part = port_reserve(RESULT_PART);
  const char *name;
  put_u32(part, 0);
  while ((name = listing_next(&listing, &error))) {
    uint32_t size = (uint32_t)strlen(name) + 1;
    if (4 + length + size > RESULT_PART) {
      port_send_reserved(FRAME_RESULT, FLAG_MORE, id, 4 + length);
      part = port_reserve(RESULT_PART);
      put_u32(part, 0);
      length = 0;
    }
    memcpy(part + 4 + length, name, size);
    length += size;
  }
  put_u32(part, (uint32_t)error);
  port_send_reserved(FRAME_RESULT, 0, id, 4 + length);
  listing_close(&listing);
}
