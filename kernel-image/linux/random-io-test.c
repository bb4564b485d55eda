/*
 * For tests: reads, or reads and writes, a file at random places, in pieces of every size and alignment, and looks at each
 * byte.
 *
 *   random-io read FILE SEED COUNT     FILE holds what `byte_at` says; it is read and mapped
 *   random-io write FILE SEED COUNT    FILE is made; standard output is what it must hold in the end
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* More than one request of 9p carries. */
#define LONGEST (700 * 1024)
#define LARGEST (1536 * 1024)
#define MARGIN 64
#define MOST_PARTS 4

static unsigned state;
static unsigned char expected[LARGEST];
static unsigned char arena[LONGEST + MOST_PARTS * (4096 + MARGIN) + MARGIN];

static unsigned any(unsigned limit) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % limit;
}

/* Small, around a few pages, or large. */
static size_t any_length(void) {
  switch (any(4)) {
    case 0: return 1 + any(2048);
    case 1: return 4096 * (1 + any(8)) - 2 + any(5);
    case 2: return 1 + any(65536);
    default: return 1 + any(LONGEST);
  }
}

static size_t any_offset(size_t size) {
  size_t offset = any((unsigned)size + 1);
  return any(3) ? offset : offset & ~(size_t)4095;
}

static unsigned char byte_at(size_t offset) { return (unsigned char)((offset * 2654435761u) >> 24 ^ offset >> 12); }

static void fail(const char *what, size_t offset, size_t length) {
  fprintf(stderr, "%s of %zu bytes at %zu: %s\n", what, length, offset, strerror(errno));
  exit(1);
}

/* Cuts `length` bytes into parts that begin anywhere in a page; between them is room that nobody may write to. */
static int cut(struct iovec *parts, size_t length) {
  int count = 1 + (int)any(MOST_PARTS);
  size_t at = 0;
  for (int index = 0; index < count; index++) {
    size_t part = index == count - 1 ? length : any((unsigned)length + 1);
    at += MARGIN + (any(2) ? 0 : any(4096));
    parts[index] = (struct iovec){arena + at, part};
    at += part;
    length -= part;
  }
  return count;
}

static void check_read(int fd, size_t offset, size_t length, size_t size) {
  struct iovec parts[MOST_PARTS];
  int count = cut(parts, length);
  memset(arena, 0x5a, sizeof arena);
  size_t there = offset >= size ? 0 : length < size - offset ? length : size - offset;
  errno = 0;
  if (preadv(fd, parts, count, (off_t)offset) != (ssize_t)there) fail("read", offset, length);
  for (int index = 0; index < count; index++) {
    size_t got = there < parts[index].iov_len ? there : parts[index].iov_len;
    unsigned char *bytes = parts[index].iov_base;
    if (memcmp(bytes, expected + offset, got) != 0) fail("other bytes in a read", offset, length);
    for (unsigned margin = 0; margin < MARGIN; margin++)
      if (bytes[-1 - (int)margin] != 0x5a || bytes[parts[index].iov_len + margin] != 0x5a)
        fail("bytes beside a read", offset, length);
    for (size_t at = got; at < parts[index].iov_len; at++)
      if (bytes[at] != 0x5a) fail("bytes behind a read", offset, length);
    offset += got;
    there -= got;
  }
}

static void check_map(int fd, size_t offset, size_t length, size_t size) {
  if (offset >= size) return;
  if (length > size - offset) length = size - offset;
  unsigned char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail("map", offset, length);
  if (memcmp(map + offset, expected + offset, length) != 0) fail("other bytes in a map", offset, length);
  munmap(map, size);
}

static int read_only(const char *path, int count) {
  struct stat about;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &about) < 0 || about.st_size > LARGEST) fail("open", 0, 0);
  size_t size = (size_t)about.st_size;
  for (size_t at = 0; at < size; at++) expected[at] = byte_at(at);
  while (count-- > 0) {
    size_t offset = any_offset(size + 8192), length = any_length();
    if (any(8) == 0)
      check_map(fd, offset, length, size);
    else
      check_read(fd, offset, length, size);
  }
  return 0;
}

static size_t put(int fd, size_t offset, size_t length, size_t size) {
  struct iovec parts[MOST_PARTS];
  if (length > LARGEST - offset) length = LARGEST - offset;
  for (size_t at = 0; at < sizeof arena; at += 1 + any(64)) arena[at] = (unsigned char)any(256);
  int count = cut(parts, length);
  errno = 0;
  if (pwritev(fd, parts, count, (off_t)offset) != (ssize_t)length) fail("write", offset, length);
  size_t at = offset;
  for (int index = 0; index < count; index++) {
    memcpy(expected + at, parts[index].iov_base, parts[index].iov_len);
    at += parts[index].iov_len;
  }
  return offset + length > size ? offset + length : size;
}

static size_t truncate_to(int fd, size_t length, size_t size) {
  if (ftruncate(fd, (off_t)length) < 0) fail("truncate", 0, length);
  if (length > size)
    memset(expected + size, 0, length - size);
  else
    memset(expected + length, 0, size - length);
  return length;
}

static int read_and_write(const char *path, int count) {
  size_t size = 0;
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) fail("open", 0, 0);
  while (count-- > 0) {
    size_t offset = any_offset(size), length = any_length();
    switch (any(8)) {
      case 0: size = truncate_to(fd, any(LARGEST), size); break;
      case 1: check_map(fd, offset, length, size); break;
      case 2:
      case 3:
      case 4: size = put(fd, offset, length, size); break;
      default: check_read(fd, offset, length, size);
    }
  }
  if (close(fd) < 0) fail("close", 0, 0);
  return fwrite(expected, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  state = (unsigned)strtoul(arguments[3], NULL, 10) | 1;
  int times = atoi(arguments[4]);
  if (strcmp(arguments[1], "read") == 0) return read_only(arguments[2], times);
  return read_and_write(arguments[2], times);
}
