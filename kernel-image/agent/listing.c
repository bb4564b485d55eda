#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

void listing_open(struct listing *listing, int fd) {
  listing->fd = fd;
  listing->length = listing->at = 0;
}

const char *listing_next(struct listing *listing, int *error) {
  for (;;) {
    if (listing->at >= listing->length) {
      listing->at = 0;
      listing->length = getdents64(listing->fd, listing->buffer, sizeof listing->buffer);
      if (listing->length < 0) *error = errno;
      if (listing->length <= 0) return NULL;
    }
    const struct dirent64 *entry = (const struct dirent64 *)(const void *)(listing->buffer + listing->at);
    listing->at += entry->d_reclen;
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) return entry->d_name;
  }
}

void listing_close(struct listing *listing) {
  if (listing->fd >= 0) close(listing->fd);
  listing->fd = -1;
}
