#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "port.h"
#include "protocol.h"
#include "stream.h"
#include "unix-socket.h"

#define BACKLOG 128
#define GUEST_STREAMS 0x80000000u

struct listener {
  uint32_t id;
  struct source source;
  struct listener *next;
  char path[];
};

static struct listener *listeners;
static uint32_t next_stream;

static void accept_all(struct listener *listener) {
  while (stream_sockets() < ACCEPTED_MAX) {
    int fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    struct ucred peer = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t length = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    uint32_t stream = GUEST_STREAMS | next_stream++;
    uint8_t payload[16];
    put_u32(payload, listener->id);
    put_u32(payload + 4, (uint32_t)peer.pid);
    put_u32(payload + 8, peer.uid);
    put_u32(payload + 12, peer.gid);
    port_send(FRAME_ACCEPT, 0, stream, payload, sizeof payload);
    stream_open(stream, STREAM_SOCKET, fd, fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  /* Full: those who wait are taken when a stream closes. */
  loop_watch(&listener->source, 0);
}

static void listener_ready(struct source *source, uint32_t events) {
  (void)events;
  accept_all(CONTAINER_OF(source, struct listener, source));
}

static void room_again(void) {
  for (struct listener *listener = listeners; listener; listener = listener->next)
    loop_watch(&listener->source, EPOLLIN);
}

void listener_start(void) { stream_on_socket_closed(room_again); }

static void close_listener(struct listener *listener) {
  loop_watch(&listener->source, 0);
  close(listener->source.fd);
  unlink(listener->path);
  loop_free(listener);
}

void listener_answer_listen(uint32_t id, const struct listen_request *request) {
  int fd = unix_listen(request->path, request->mode, BACKLOG);
  struct listener *listener = fd < 0 ? NULL : calloc(1, sizeof *listener + strlen(request->path) + 1);
  if (!listener) {
    port_result(id, errno, NULL, 0);
    if (fd >= 0) close(fd);
    return;
  }
  listener->id = id;
  listener->source = (struct source){.fd = fd, .ready = listener_ready};
  strcpy(listener->path, request->path);
  listener->next = listeners;
  listeners = listener;
  loop_watch(&listener->source, EPOLLIN);
  port_result(id, 0, NULL, 0);
}

void listener_answer_unlisten(uint32_t id, uint32_t wanted) {
  struct listener **link = &listeners;
  while (*link && (*link)->id != wanted) link = &(*link)->next;
  struct listener *listener = *link;
  if (listener) {
    *link = listener->next;
    close_listener(listener);
  }
  port_result(id, listener ? 0 : ENOENT, NULL, 0);
}

void listener_drop_all(void) {
  while (listeners) {
    struct listener *next = listeners->next;
    close_listener(listeners);
    listeners = next;
  }
  next_stream = 0;
}
