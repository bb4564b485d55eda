/* Opening paths that a container may have prepared. */
#ifndef WHERRY_RESOLVE_H
#define WHERRY_RESOLVE_H

/* Opens `path` as seen after chroot to `root` (plainly when `root` is empty). */
int open_in_root(const char *root, const char *path, int flags);
/* Opens an entry of a directory: follows no symlink and enters no other mount (EXDEV). */
int open_child(int directory, const char *name, int flags);

#endif
