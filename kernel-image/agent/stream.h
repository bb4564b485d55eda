/* Byte streams between file descriptors of the guest and the host, with credits in both directions. */
#ifndef WHERRY_STREAM_H
#define WHERRY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

enum stream_kind {
  /* END from the host closes the write end; STOP closes the read end. */
  STREAM_PIPES,
  /* END from the host is remembered only; STOP hangs up. */
  STREAM_TTY,
  /* END from the host shuts down writing. Counted against ACCEPTED_MAX. */
  STREAM_SOCKET,
};

/* Bytes that the host takes for a stream before it gives credit; told by HELLO. */
void stream_set_host_window(uint32_t window);
/* `from` is read and sent to the host, `to` gets what the host sends; each may be -1. The stream owns both. */
void stream_open(uint32_t id, enum stream_kind kind, int from, int to);
/* A terminal that comes later, over a console socket; until then data from the host waits. */
void stream_open_later(uint32_t id);
void stream_attach(uint32_t id, int terminal);
/* Closes without a word: the request that would have opened it failed. */
void stream_drop(uint32_t id);
/* The terminal of a stream, or -1. */
int stream_terminal(uint32_t id);
bool stream_exists(uint32_t id);
/* DATA, CREDIT, END or STOP from the host. A stream that is gone is no error: the frames crossed. */
void stream_frame(const struct frame *frame);
void stream_drop_all(void);
/* How many sockets are open, and whom to tell when one closes. */
uint32_t stream_sockets(void);
void stream_on_socket_closed(void (*listener)(void));

#endif
