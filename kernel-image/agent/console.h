/* The console socket of an OCI runtime: it connects and sends the container's terminal. */
#ifndef WHERRY_CONSOLE_H
#define WHERRY_CONSOLE_H

#include <stdint.h>

struct console;

/* Listens on `path` (an old socket is replaced). `received` gets the terminal, whose size is set, and owns it.
   Returns NULL and sets errno on failure. */
struct console *console_listen(const char *path, uint16_t rows, uint16_t columns, uint32_t stream,
                               void (*received)(uint32_t stream, int terminal));
/* Takes what has arrived by now without waiting, then closes and removes the socket. */
void console_close(struct console *console);

#endif
