/* The byte channel to the host: frames in, frames out. */
#ifndef WHERRY_PORT_H
#define WHERRY_PORT_H

#include <stdint.h>

#include "wire.h"

/* `deliver` gets each whole frame; its payload is valid (and may be scribbled on) during the call. */
void port_open(int fd, void (*deliver)(const struct frame *frame));
/* Room for a payload of up to `length` bytes; `port_send_reserved` makes a frame of its first part. */
uint8_t *port_reserve(uint32_t length);
void port_send_reserved(uint16_t type, uint16_t flags, uint32_t id, uint32_t length);
void port_send(uint16_t type, uint16_t flags, uint32_t id, const void *payload, uint32_t length);
/* Frames are gathered: this hands them to the host. Blocks while the host is slow; the host always drains the port. */
void port_flush(void);
/* In a forked child: nothing of the parent's port. */
void port_forget(void);

/* RESULT with an errno (0: success) and an optional body. */
void port_result(uint32_t id, int error, const void *body, uint32_t length);

#endif
