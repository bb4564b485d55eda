#include "requests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "invocation.h"
#include "link.h"
#include "terminal.h"

#define PART 32768u

static void answer(uint32_t id, int error) {
  put_u32(link_room(4), (uint32_t)error);
  link_send(FROM_RESULT, 0, id, 4);
}

static int error_of(int result) { return result < 0 ? errno : 0; }

/* A pipe (as of a process substitution) can be read from its start only. */
static ssize_t read_at(int fd, uint8_t *room, uint32_t length, uint64_t offset) {
  ssize_t got = pread(fd, room, length, (off_t)offset);
  return got < 0 && errno == ESPIPE ? read(fd, room, length) : got;
}

static void answer_read(uint32_t id, uint64_t offset, uint32_t limit, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    answer(id, errno);
    return;
  }
  for (;;) {
    uint32_t room = limit < PART ? limit : PART;
    uint8_t *payload = link_room(4 + room);
    ssize_t got = room ? read_at(fd, payload + 4, room, offset) : 0;
    put_u32(payload, got < 0 ? (uint32_t)errno : 0);
    uint32_t length = got > 0 ? (uint32_t)got : 0;
    link_send(FROM_RESULT, length ? FLAG_MORE : 0, id, 4 + length);
    if (!length) break;
    limit -= length;
    offset += length;
  }
  close(fd);
}

static int write_file(const char *path, int flags, uint32_t mode, struct bytes bytes) {
  int fd = open(path, O_WRONLY | O_CLOEXEC | flags, mode);
  if (fd < 0) return errno;
  uint32_t at = 0;
  int error = 0;
  while (at < bytes.length && !error) {
    ssize_t put = write(fd, bytes.at + at, bytes.length - at);
    if (put < 0) error = errno;
    else at += (uint32_t)put;
  }
  if (close(fd) < 0 && !error) error = errno;
  return error;
}

static void answer_stat(uint32_t id, const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) {
    answer(id, errno);
    return;
  }
  uint8_t *payload = link_room(32);
  mode_t mode = status.st_mode;
  put_u32(payload, 0);
  put_u32(payload + 4, S_ISREG(mode) ? 1 : S_ISDIR(mode) ? 2 : S_ISLNK(mode) ? 3 : 4);
  put_u32(payload + 8, mode & 07777);
  put_u64(payload + 12, (uint64_t)status.st_size);
  put_u64(payload + 20, (uint64_t)status.st_mtim.tv_sec);
  put_u32(payload + 28, (uint32_t)status.st_mtim.tv_nsec);
  link_send(FROM_RESULT, 0, id, 32);
}

static void answer_readdir(uint32_t id, const char *path) {
  DIR *folder = opendir(path);
  if (!folder) {
    answer(id, errno);
    return;
  }
  const struct dirent *entry;
  uint32_t length = 4;
  uint8_t *payload = link_room(PART);
  put_u32(payload, 0);
  while ((entry = readdir(folder))) {
    uint32_t size = (uint32_t)strlen(entry->d_name) + 1;
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (length + size > PART) {
      link_send(FROM_RESULT, FLAG_MORE, id, length);
      payload = link_room(PART);
      put_u32(payload, 0);
      length = 4;
    }
    memcpy(payload + length, entry->d_name, size);
    length += size;
  }
  link_send(FROM_RESULT, 0, id, length);
  closedir(folder);
}

static void answer_readlink(uint32_t id, const char *path) {
  uint8_t *payload = link_room(4 + 4096);
  ssize_t length = readlink(path, (char *)payload + 4, 4096);
  put_u32(payload, length < 0 ? (uint32_t)errno : 0);
  link_send(FROM_RESULT, 0, id, length < 0 ? 4 : 4 + (uint32_t)length);
}

void request_answer(const struct frame *request) {
  uint16_t type = request->type;
  uint32_t id = request->id;
  struct reader reader = frame_fields(request);
  bool has_number = type == ASK_RAW || type == ASK_WRITE || type == ASK_MKDIR;
  uint64_t offset = type == ASK_READ ? read_u64(&reader) : 0;
  uint32_t number = has_number || type == ASK_READ ? read_u32(&reader) : 0;
  struct bytes bytes = {0};
  if (type == ASK_WRITE || type == ASK_APPEND) bytes = read_bytes(&reader);
  const char *path = type == ASK_RAW ? "" : read_string(&reader);
  if (!wire_done(&reader)) {
    answer(id, EPROTO);
    return;
  }
  /* Reading a pipe or a slow disk may take long: a signal ends it with EINTR, and is then handed on. */
  sigset_t closed;
  sigprocmask(SIG_SETMASK, &signals_open, &closed);
  switch (type) {
    case ASK_RAW:
      answer(id, terminal_set_raw(number));
      break;
    case ASK_READ:
      answer_read(id, offset, number, path);
      break;
    case ASK_WRITE:
      answer(id, write_file(path, O_CREAT | O_TRUNC, number, bytes));
      break;
    case ASK_APPEND:
      answer(id, write_file(path, O_APPEND, 0, bytes));
      break;
    case ASK_STAT:
      answer_stat(id, path);
      break;
    case ASK_READDIR:
      answer_readdir(id, path);
      break;
    case ASK_MKDIR:
      answer(id, error_of(mkdir(path, number)));
      break;
    case ASK_READLINK:
      answer_readlink(id, path);
      break;
    case ASK_REMOVE:
      answer(id, error_of(remove(path)));
      break;
    default:
      answer(id, ENOSYS);
  }
  sigprocmask(SIG_SETMASK, &closed, NULL);
}
