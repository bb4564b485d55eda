#include "port.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "protocol.h"

static struct source port = {.fd = -1};
static void (*deliver_frame)(const struct frame *frame);

static uint8_t incoming[2 * (FRAME_HEADER + FRAME_MAX)];
static size_t incoming_length;
/* What is left to skip of a frame that is too long to be one. */
static uint32_t skipping;

static uint8_t outgoing[4 * (FRAME_HEADER + FRAME_MAX)];
static size_t outgoing_length;

static void refuse_oversized(const struct frame *frame) {
  say("frame of type %u with %u bytes dropped", frame->type, frame->length);
  if (frame->type < FRAME_READY) port_result(frame->id, EMSGSIZE, NULL, 0);
  skipping = frame->length;
}

static void parse(void) {
  size_t at = 0;
  for (;;) {
    size_t have = incoming_length - at;
    if (skipping) {
      size_t skip = skipping < have ? skipping : have;
      skipping -= (uint32_t)skip;
      at += skip;
      if (skipping) break;
      continue;
    }
    if (have < FRAME_HEADER) break;
    struct frame frame = frame_at(incoming + at);
    if (frame.length > FRAME_MAX) {
      at += FRAME_HEADER;
      refuse_oversized(&frame);
      continue;
    }
    if (have < FRAME_HEADER + frame.length) break;
    at += FRAME_HEADER + frame.length;
    deliver_frame(&frame);
  }
  incoming_length -= at;
  if (at && incoming_length) memmove(incoming, incoming + at, incoming_length);
}

static void port_ready(struct source *source, uint32_t events) {
  (void)events;
  while (incoming_length < sizeof incoming) {
    ssize_t got = read(source->fd, incoming + incoming_length, sizeof incoming - incoming_length);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      die("port");
    }
    if (got == 0) {
      /* A virtio port reads as ended while no host has it open: wait. A test's socket has really ended. */
      if (getpid() == 1) break;
      _exit(0);
    }
    incoming_length += (size_t)got;
  }
  parse();
}

void port_open(int fd, void (*deliver)(const struct frame *frame)) {
  deliver_frame = deliver;
  port = (struct source){.fd = fd, .ready = port_ready};
  loop_watch(&port, EPOLLIN);
}

void port_forget(void) {
  if (port.fd >= 0) close(port.fd);
  port.fd = -1;
  outgoing_length = 0;
}

void port_flush(void) {
  size_t at = 0;
  while (at < outgoing_length && port.fd >= 0) {
    ssize_t put = write(port.fd, outgoing + at, outgoing_length - at);
    if (put > 0) {
      at += (size_t)put;
    } else if (put < 0 && errno == EAGAIN) {
      struct pollfd wait = {.fd = port.fd, .events = POLLOUT};
      poll(&wait, 1, -1);
    } else if (put < 0 && errno != EINTR) {
      if (getpid() != 1) _exit(0);
      die("port");
    }
  }
  outgoing_length = 0;
}

uint8_t *port_reserve(uint32_t length) {
  if (outgoing_length + FRAME_HEADER + length > sizeof outgoing) port_flush();
  return outgoing + outgoing_length + FRAME_HEADER;
}

void port_send_reserved(uint16_t type, uint16_t flags, uint32_t id, uint32_t length) {
  put_frame_header(outgoing + outgoing_length, length, type, flags, id);
  outgoing_length += FRAME_HEADER + length;
}

void port_send(uint16_t type, uint16_t flags, uint32_t id, const void *payload, uint32_t length) {
  uint8_t *room = port_reserve(length);
  if (length) memcpy(room, payload, length);
  port_send_reserved(type, flags, id, length);
}

void port_result(uint32_t id, int error, const void *body, uint32_t length) {
  uint8_t *room = port_reserve(4 + length);
  put_u32(room, (uint32_t)error);
  if (length) memcpy(room + 4, body, length);
  port_send_reserved(FRAME_RESULT, 0, id, 4 + length);
}
