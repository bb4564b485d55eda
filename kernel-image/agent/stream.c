#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "protocol.h"
#include "wire.h"

#define BUCKETS 64u

struct stream {
  uint32_t id;
  enum stream_kind kind;
  struct source from; /* guest to host */
  struct source to;   /* host to guest */
  bool waiting;       /* the terminal has not come yet */
  bool from_ended;    /* END sent */
  bool to_ended;      /* END received */
  uint32_t send_credit;
  uint32_t receive_credit;
  uint32_t owed; /* consumed, not yet given back as credit */
  uint8_t *pending;
  uint32_t pending_at, pending_length;
  struct stream *next;
};

static struct stream *buckets[BUCKETS];
static uint32_t host_window = 65536;
static uint32_t sockets;
static void (*socket_closed)(void);

void stream_set_host_window(uint32_t window) { host_window = window; }
uint32_t stream_sockets(void) { return sockets; }
void stream_on_socket_closed(void (*listener)(void)) { socket_closed = listener; }

static struct stream *find(uint32_t id) {
  struct stream *stream = buckets[id % BUCKETS];
  while (stream && stream->id != id) stream = stream->next;
  return stream;
}

bool stream_exists(uint32_t id) { return find(id) != NULL; }

static void close_source(struct source *source) {
  if (source->fd < 0) return;
  loop_watch(source, 0);
  close(source->fd);
  source->fd = -1;
}

static void discard_pending(struct stream *stream) {
  free(stream->pending);
  stream->pending = NULL;
  stream->pending_at = stream->pending_length = 0;
}

static void unlink_stream(struct stream *stream) {
  struct stream **link = &buckets[stream->id % BUCKETS];
  while (*link != stream) link = &(*link)->next;
  *link = stream->next;
  close_source(&stream->from);
  close_source(&stream->to);
  discard_pending(stream);
  bool socket = stream->kind == STREAM_SOCKET;
  loop_free(stream);
  if (socket) {
    sockets--;
    if (socket_closed) socket_closed();
  }
}

static void finish_if_done(struct stream *stream) {
  if (stream->from_ended && stream->to_ended && !stream->pending && !stream->waiting) unlink_stream(stream);
}

/* Nothing more goes to the host. */
static void end_from(struct stream *stream) {
  close_source(&stream->from);
  if (stream->from_ended) return;
  stream->from_ended = true;
  port_send(FRAME_END, 0, stream->id, NULL, 0);
}

/* What the host sends can't be delivered any more; it is told once, and its END is awaited. */
static void break_to(struct stream *stream) {
  discard_pending(stream);
  close_source(&stream->to);
  if (!stream->to_ended) port_send(FRAME_STOP, 0, stream->id, NULL, 0);
}

static void from_ready(struct source *source, uint32_t events) {
  (void)events;
  struct stream *stream = CONTAINER_OF(source, struct stream, from);
  uint32_t room = stream->send_credit < FRAME_MAX ? stream->send_credit : FRAME_MAX;
  uint8_t *payload = port_reserve(room);
  uint32_t length = 0;
  bool ended = false;
  while (length < room) {
    ssize_t got = read(source->fd, payload + length, room - length);
    if (got > 0) {
      length += (uint32_t)got;
      /* A terminal gives a line or a page at a time. */
      if (stream->kind != STREAM_TTY) break;
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      /* A terminal whose last process is gone says EIO. */
      ended = got == 0 || errno != EAGAIN;
      break;
    }
  }
  if (length) {
    port_send_reserved(FRAME_DATA, 0, stream->id, length);
    stream->send_credit -= length;
  }
  if (ended) {
    end_from(stream);
    /* A terminal that nobody has open any more takes nothing either. */
    if (stream->kind == STREAM_TTY) break_to(stream);
    finish_if_done(stream);
  } else if (!stream->send_credit) {
    loop_watch(source, 0);
  }
}

static void give_credit(struct stream *stream, uint32_t consumed) {
  stream->owed += consumed;
  if (stream->to_ended || stream->owed < GUEST_WINDOW / 2) return;
  uint8_t payload[4];
  put_u32(payload, stream->owed);
  port_send(FRAME_CREDIT, 0, stream->id, payload, 4);
  stream->receive_credit += stream->owed;
  stream->owed = 0;
}

/* The host has ended and everything is delivered. */
static void end_to(struct stream *stream) {
  if (stream->kind == STREAM_SOCKET && stream->to.fd >= 0) shutdown(stream->to.fd, SHUT_WR);
  /* A terminal stays open: closing its master would hang it up. */
  if (stream->kind != STREAM_TTY) close_source(&stream->to);
}

/* Writes what it can; returns the number of bytes written or -1 when the descriptor is broken. */
static ssize_t write_some(int fd, const uint8_t *bytes, uint32_t length) {
  uint32_t at = 0;
  while (at < length) {
    ssize_t put = write(fd, bytes + at, length - at);
    if (put > 0)
      at += (uint32_t)put;
    else if (put < 0 && errno == EINTR)
      continue;
    else if (put < 0 && errno == EAGAIN)
      break;
    else
      return -1;
  }
  return (ssize_t)at;
}

/* With nothing to write, a pipe or socket is still watched: that its reader is gone must be told to the host. */
static void watch_to(struct stream *stream) {
  uint32_t idle = stream->kind == STREAM_TTY ? 0 : EPOLLERR;
  loop_watch(&stream->to, stream->pending ? EPOLLOUT : idle);
}

static void to_ready(struct source *source, uint32_t events) {
  struct stream *stream = CONTAINER_OF(source, struct stream, to);
  bool broken = stream->kind != STREAM_TTY && (events & (EPOLLERR | EPOLLHUP));
  uint32_t length = stream->pending_length - stream->pending_at;
  ssize_t put = broken ? -1 : write_some(source->fd, stream->pending + stream->pending_at, length);
  if (put < 0) {
    break_to(stream);
    finish_if_done(stream);
    return;
  }
  stream->pending_at += (uint32_t)put;
  if ((uint32_t)put == length) {
    discard_pending(stream);
    watch_to(stream);
    if (stream->to_ended) end_to(stream);
  }
  give_credit(stream, (uint32_t)put);
  finish_if_done(stream);
}

static void keep_pending(struct stream *stream, const uint8_t *bytes, uint32_t length) {
  uint32_t have = stream->pending_length - stream->pending_at;
  uint8_t *pending = malloc(have + length);
  if (!pending) {
    say("stream %u: no memory", stream->id);
    break_to(stream);
    return;
  }
  if (have) memcpy(pending, stream->pending + stream->pending_at, have);
  memcpy(pending + have, bytes, length);
  discard_pending(stream);
  stream->pending = pending;
  stream->pending_length = have + length;
}

static void receive(struct stream *stream, const uint8_t *bytes, uint32_t length) {
  if (length > stream->receive_credit) {
    say("stream %u: host sent more than its credit", stream->id);
    break_to(stream);
    return;
  }
  stream->receive_credit -= length;
  if (stream->to_ended || (stream->to.fd < 0 && !stream->waiting)) return;
  uint32_t done = 0;
  if (!stream->pending && !stream->waiting) {
    ssize_t put = write_some(stream->to.fd, bytes, length);
    if (put < 0) {
      break_to(stream);
      return;
    }
    done = (uint32_t)put;
  }
  if (done < length) {
    keep_pending(stream, bytes + done, length - done);
    watch_to(stream);
  }
  give_credit(stream, done);
}

static void stop(struct stream *stream) {
  if (stream->kind == STREAM_SOCKET && stream->from.fd >= 0) shutdown(stream->from.fd, SHUT_RD);
  end_from(stream);
  if (stream->kind == STREAM_TTY && (stream->to.fd >= 0 || stream->waiting)) {
    stream->waiting = false;
    break_to(stream);
  }
}

void stream_frame(const struct frame *frame) {
  struct stream *stream = find(frame->id);
  if (!stream) return;
  struct reader reader = frame_fields(frame);
  if (frame->type == FRAME_DATA) {
    receive(stream, frame->payload, frame->length);
  } else if (frame->type == FRAME_CREDIT) {
    uint32_t credit = read_u32(&reader);
    if (!wire_done(&reader) || credit > UINT32_MAX - stream->send_credit) return;
    stream->send_credit += credit;
    if (stream->send_credit) loop_watch(&stream->from, EPOLLIN);
  } else if (frame->type == FRAME_END && !stream->to_ended) {
    stream->to_ended = true;
    if (!stream->pending && !stream->waiting) end_to(stream);
  } else if (frame->type == FRAME_STOP) {
    stop(stream);
  }
  finish_if_done(stream);
}

static void set_nonblocking(int fd) {
  if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static struct stream *new_stream(uint32_t id, enum stream_kind kind) {
  struct stream *stream = calloc(1, sizeof *stream);
  if (!stream) die("calloc");
  stream->id = id;
  stream->kind = kind;
  stream->from = (struct source){.fd = -1, .ready = from_ready};
  stream->to = (struct source){.fd = -1, .ready = to_ready};
  stream->send_credit = host_window;
  stream->receive_credit = GUEST_WINDOW;
  stream->next = buckets[id % BUCKETS];
  buckets[id % BUCKETS] = stream;
  if (kind == STREAM_SOCKET) sockets++;
  return stream;
}

static void set_descriptors(struct stream *stream, int from, int to) {
  set_nonblocking(from);
  set_nonblocking(to);
  stream->from.fd = from;
  stream->to.fd = to;
  loop_watch(&stream->from, EPOLLIN);
  watch_to(stream);
}

void stream_open(uint32_t id, enum stream_kind kind, int from, int to) {
  struct stream *stream = new_stream(id, kind);
  /* A direction that does not exist has ended on both sides from the start. */
  stream->from_ended = from < 0;
  stream->to_ended = to < 0;
  set_descriptors(stream, from, to);
}

void stream_open_later(uint32_t id) { new_stream(id, STREAM_TTY)->waiting = true; }

void stream_attach(uint32_t id, int terminal) {
  struct stream *stream = find(id);
  if (!stream || !stream->waiting) {
    close(terminal);
    return;
  }
  stream->waiting = false;
  set_descriptors(stream, terminal, fcntl(terminal, F_DUPFD_CLOEXEC, 3));
}

void stream_drop(uint32_t id) {
  struct stream *stream = find(id);
  if (stream) unlink_stream(stream);
}

int stream_terminal(uint32_t id) {
  struct stream *stream = find(id);
  if (!stream || stream->kind != STREAM_TTY) return -1;
  return stream->from.fd >= 0 ? stream->from.fd : stream->to.fd;
}

void stream_drop_all(void) {
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
    while (buckets[bucket]) unlink_stream(buckets[bucket]);
}
