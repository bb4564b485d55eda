/* Opening paths that a container, or somebody on the host, may have prepared. */
#ifndef WHERRY_RESOLVE_H
#define WHERRY_RESOLVE_H

#define DESCRIPTOR_NAME 32

/* Opens `path` as seen after chroot to `root` (plainly when `root` is empty). */
int open_in_root(const char *root, const char *path, int flags);
/* The same for reading. In a root, what is no regular file is EINVAL and never opened: opening a device may do something. */
int open_regular_in_root(const char *root, const char *path);
/* Finds (O_PATH) what `path` is below `root`; a symlink that leads out of it is EXDEV. "" is the root itself. */
int open_beneath(const char *root, const char *path);
/* The same, and makes the folders that are missing. A symlink that leads nowhere is EEXIST. `path` has no `.` or `..`. */
int make_beneath(const char *root, char *path);
/* Opens an entry of a directory: follows no symlink and enters no other mount (EXDEV). */
int open_child(int directory, const char *name, int flags);
/* What to call an open file where a path is wanted. */
void descriptor_name(char name[DESCRIPTOR_NAME], int fd);

#endif
