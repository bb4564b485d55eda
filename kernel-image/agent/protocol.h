/* Numbers of the agent protocol. kernel-image/protocol.md explains them; worker/shim/protocol.ts is the other side. */
#ifndef WHERRY_PROTOCOL_H
#define WHERRY_PROTOCOL_H

#include <stdint.h>

#define PROTOCOL_VERSION 3
/* Bytes that the host may have on the way to one stream's file descriptor. */
#define GUEST_WINDOW 131072u
/* Streams that guest processes opened through listeners, at most. */
#define ACCEPTED_MAX 256u

enum frame_type {
  /* host to guest: requests, each answered by RESULT */
  FRAME_HELLO = 1,
  FRAME_BATCH = 2,
  FRAME_READFILE = 3,
  FRAME_READDIR = 4,
  FRAME_USAGE = 5,
  FRAME_SPAWN = 6,
  FRAME_KILL = 7,
  FRAME_RESIZE = 8,
  FRAME_LISTEN = 9,
  FRAME_UNLISTEN = 10,
  FRAME_SETTIME = 11,
  FRAME_QUIESCE = 12,
  FRAME_PING = 13,
  /* guest to host */
  FRAME_READY = 32,
  FRAME_RESULT = 33,
  FRAME_EXIT = 34,
  FRAME_ACCEPT = 35,
  /* both ways: streams */
  FRAME_DATA = 64,
  FRAME_CREDIT = 65,
  FRAME_END = 66,
  FRAME_STOP = 67,
};

/* BATCH: the next BATCH frame continues this one. RESULT: more of the answer follows. */
/* RESULT of SPAWN: the runtime exited with an error. */
#define FLAG_RUNTIME_FAILED 2u

enum batch_op {
  OP_MKDIR = 1,
  OP_WRITE = 2,
  OP_APPEND = 3,
  OP_SYMLINK = 4,
  OP_REMOVE = 6,
  OP_MOUNT = 8,
  OP_UNMOUNT = 9,
  OP_COPY = 10,
  OP_BIND = 11,
};

#define REMOVE_RECURSIVE 1u
#define REMOVE_MISSING_OK 2u
#define UNMOUNT_MISSING_OK 1u
#define COPY_MISSING_OK 1u
#define BIND_MAKE 1u

#define SPAWN_STDIN 1u
#define SPAWN_STDOUT 2u
#define SPAWN_STDERR 4u
#define SPAWN_TTY 8u
#define SPAWN_CONSOLE_SOCKET 16u
#define SPAWN_ADOPT 32u

#endif
