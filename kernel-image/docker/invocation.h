/* Numbers of the invocation protocol: kernel-image/protocol.md explains them, web/cli/invocation.ts is the other side. */
#ifndef WHERRY_INVOCATION_H
#define WHERRY_INVOCATION_H

#define INVOCATION_VERSION 1u
#define CLI_SOCKET "/run/wherry/docker-cli.sock"

enum invocation_frame {
  FROM_START = 1,
  FROM_STRINGS = 2,
  FROM_STDIN = 3,
  FROM_STDIN_END = 4,
  FROM_SIGNAL = 5,
  FROM_SIZE = 6,
  FROM_RESULT = 7,

  TO_STDOUT = 32,
  TO_STDERR = 33,
  TO_WANT = 34,
  TO_EXIT = 35,

  ASK_RAW = 64,
  ASK_READ = 65,
  ASK_WRITE = 66,
  ASK_APPEND = 67,
  ASK_STAT = 68,
  ASK_READDIR = 69,
  ASK_MKDIR = 70,
  ASK_READLINK = 71,
  ASK_REMOVE = 72,
};

#endif
