#include "link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../agent/wire.h"
#include "terminal.h"

static int fd = -1;
static uint8_t outgoing[FRAME_HEADER + FRAME_MAX];
static uint32_t length_gathered;
/* The host reads no more. Its last word (EXIT) may still be on the way to us, so this alone does not end the program. */
static bool deaf;

int link_open(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) return -1;
  return fd;
}

uint8_t *link_room(uint32_t length) {
  if (length_gathered + FRAME_HEADER + length > sizeof outgoing) link_flush();
  return outgoing + length_gathered + FRAME_HEADER;
}

void link_send(uint16_t type, uint16_t flags, uint32_t id, uint32_t length) {
  put_frame_header(outgoing + length_gathered, length, type, flags, id);
  length_gathered += FRAME_HEADER + length;
}

void link_flush(void) {
  uint32_t at = 0;
  while (at < length_gathered && !deaf) {
    ssize_t put = send(fd, outgoing + at, length_gathered - at, MSG_NOSIGNAL);
    if (put < 0 && errno != EINTR) deaf = true;
    if (put > 0) at += (uint32_t)put;
  }
  length_gathered = 0;
}

_Noreturn void link_lost(void) {
  static const char text[] = "docker: the connection to Wherry was lost\n";
  terminal_restore();
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
  _exit(1);
}
