#ifndef WHERRY_UNIX_SOCKET_H
#define WHERRY_UNIX_SOCKET_H

#include <stdint.h>

/* A listening, non-blocking stream socket at `path`, in place of what was there. Returns -1 and sets errno on failure. */
int unix_listen(const char *path, uint32_t mode, int backlog);

#endif
