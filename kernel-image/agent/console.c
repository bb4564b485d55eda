#include "console.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "spawn.h"
#include "unix-socket.h"

struct console {
  struct source listener;
  struct source runtime; /* the accepted connection */
  uint16_t rows, columns;
  uint32_t stream;
  void (*received)(uint32_t stream, int terminal);
  char path[];
};

static void close_source(struct source *source) {
  if (source->fd < 0) return;
  loop_watch(source, 0);
  close(source->fd);
  source->fd = -1;
}

static void receive_terminal(struct console *console) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char byte[64];
  struct iovec data = {byte, sizeof byte};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(console->runtime.fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  close_source(&console->runtime);
  if (got < 0) return;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return;
  if (header->cmsg_len < CMSG_LEN(sizeof(int))) return;
  int terminal;
  memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
  close_source(&console->listener);
  if (console->rows) terminal_resize(terminal, console->rows, console->columns);
  console->received(console->stream, terminal);
}

static void runtime_ready(struct source *source, uint32_t events) {
  (void)events;
  receive_terminal(CONTAINER_OF(source, struct console, runtime));
}

static void accept_runtime(struct console *console) {
  int fd = accept4(console->listener.fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  if (console->runtime.fd >= 0) {
    close(fd);
    return;
  }
  console->runtime.fd = fd;
  loop_watch(&console->runtime, EPOLLIN);
}

static void listener_ready(struct source *source, uint32_t events) {
  (void)events;
  accept_runtime(CONTAINER_OF(source, struct console, listener));
}

struct console *console_listen(const char *path, uint16_t rows, uint16_t columns, uint32_t stream,
                               void (*received)(uint32_t stream, int terminal)) {
  int fd = unix_listen(path, 0600, 4);
  if (fd < 0) return NULL;
  struct console *console = calloc(1, sizeof *console + strlen(path) + 1);
  if (!console) {
    close(fd);
    return NULL;
  }
  strcpy(console->path, path);
  console->listener = (struct source){.fd = fd, .ready = listener_ready};
  console->runtime = (struct source){.fd = -1, .ready = runtime_ready};
  console->rows = rows;
  console->columns = columns;
  console->stream = stream;
  console->received = received;
  loop_watch(&console->listener, EPOLLIN);
  return console;
}

void console_close(struct console *console) {
  if (console->listener.fd >= 0 && console->runtime.fd < 0) accept_runtime(console);
  if (console->runtime.fd >= 0) receive_terminal(console);
  close_source(&console->listener);
  close_source(&console->runtime);
  unlink(console->path);
  loop_free(console);
}
