#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tree.h"

/* As getdents64(2) describes it. */
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

void listing_open(struct listing *listing, int fd) {
  listing->fd = fd;
  listing->length = listing->at = 0;
}

const char *listing_next(struct listing *listing, int *error) {
  for (;;) {
    if (listing->at >= listing->length) {
      listing->at = 0;
      listing->length = syscall(SYS_getdents64, listing->fd, listing->buffer, sizeof listing->buffer);
      if (listing->length < 0) *error = errno;
      if (listing->length <= 0) return NULL;
    }
    const struct entry *entry = (const struct entry *)(const void *)(listing->buffer + listing->at);
    listing->at += entry->length;
    if (strcmp(entry->name, ".") && strcmp(entry->name, "..")) return entry->name;
  }
}

void listing_close(struct listing *listing) {
  if (listing->fd >= 0) close(listing->fd);
  listing->fd = -1;
}
