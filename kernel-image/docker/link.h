/* The connection to the host: frames out. */
#ifndef WHERRY_LINK_H
#define WHERRY_LINK_H

#include <stdint.h>

/* Connects, or returns -1. */
int link_open(const char *path);
/* Room for a payload; `link_send` makes a frame of its first `length` bytes. Frames are gathered until `link_flush`. */
uint8_t *link_room(uint32_t length);
void link_send(uint16_t type, uint16_t flags, uint32_t id, uint32_t length);
void link_flush(void);
/* Restores the terminal, says that the connection is lost, and exits with 1. */
_Noreturn void link_lost(void);

#endif
