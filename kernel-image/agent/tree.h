/* Operations on whole trees. None follows a symlink or crosses into another mount. Each returns 0 or an errno. */
#ifndef WHERRY_TREE_H
#define WHERRY_TREE_H

#include <stdint.h>

/* Gives up with EINPROGRESS after `budget` entries; calling it again goes on. */
int tree_remove(const char *path, unsigned budget);
/* Fills the existing folder `to` with what the folder `from` (resolved in `root`) holds, and gives it that folder's owner,
   mode, times and xattrs. Other mounts inside `from` are left out. */
int tree_copy(const char *root, const char *from, const char *to);

struct usage {
  uint64_t size; /* of all files; one with several links counts once if all of them are inside */
  uint64_t inodes;
};
int tree_usage(const char *path, struct usage *out);

/* One directory's names, read in small pieces so that deep recursion stays cheap. */
struct listing {
  int fd;
  long length, at;
  _Alignas(8) char buffer[2048];
};
/* Takes over `fd`. */
void listing_open(struct listing *listing, int fd);
/* The next name without `.` and `..`, or NULL at the end or on an error (`*error` is then set). */
const char *listing_next(struct listing *listing, int *error);
void listing_close(struct listing *listing);

#endif
