/* The payloads of requests, decoded. Strings point into the payload. */
#ifndef WHERRY_REQUEST_H
#define WHERRY_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "wire.h"

struct hello {
  uint32_t version;
  uint32_t host_window;
  struct timespec now;
  struct bytes entropy;
  /* What the host's files are mounted with; no mount when the type is empty. */
  char *type, *source, *data;
};

struct operation {
  uint8_t op;
  uint32_t flags; /* of mount(2) or umount2(2), or the op's own */
  uint32_t extra; /* the op's own flags */
  uint32_t mode;
  char *path;  /* what is made or changed; `to` of copy */
  char *other; /* symlink's target, `from` of copy, source of mount and bind */
  char *type, *data;
  char *root; /* copy, bind: what `other` is resolved in */
  struct bytes bytes;
};

struct spawn_request {
  uint32_t flags;
  uint32_t stream, error_stream;
  uint16_t rows, columns;
  char *cwd, *console_socket, *pid_file, *error_log;
  /* Allocated, NULL-terminated. */
  char **argv, **envp;
};

struct path_request {
  uint32_t limit;
  /* When not empty, the path is resolved as after chroot to it. */
  const char *root;
  char *path;
};

struct kill_request {
  uint32_t process; /* 0: `pid` says whom */
  int32_t pid;
  uint32_t signal;
};

struct resize_request {
  uint32_t process;
  uint16_t rows, columns;
};

struct listen_request {
  uint32_t mode;
  char *path;
};

/* Each returns false when the payload is malformed. */
bool decode_hello(struct reader *reader, struct hello *out);
bool decode_time(struct reader *reader, struct timespec *out);
/* Decodes one operation of a batch, without looking at what follows it. */
bool decode_operation(struct reader *reader, struct operation *out);
bool decode_spawn(struct reader *reader, struct spawn_request *out);
void free_spawn(struct spawn_request *request);
bool decode_limited_path(struct reader *reader, struct path_request *out);
bool decode_path(struct reader *reader, struct path_request *out);
bool decode_kill(struct reader *reader, struct kill_request *out);
bool decode_resize(struct reader *reader, struct resize_request *out);
bool decode_listen(struct reader *reader, struct listen_request *out);

#endif
