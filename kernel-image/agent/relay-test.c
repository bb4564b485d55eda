/* For tests: relays standard input and output to the unix socket that is named, and ends when the socket does. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t put = write(fd, bytes, (size_t)length);
    if (put < 0) return -1;
    bytes += put;
    length -= put;
  }
  return 0;
}

int main(int count, char **arguments) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (count != 2) return 2;
  strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) return 3;
  struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  for (;;) {
    static char bytes[65536];
    poll(polled, 2, -1);
    if (polled[1].revents) {
      ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
      if (got <= 0) {
        shutdown(fd, SHUT_WR);
        polled[1].fd = -1;
      } else if (write_all(fd, bytes, got) < 0) {
        return 4;
      }
    }
    if (polled[0].revents) {
      ssize_t got = read(fd, bytes, sizeof bytes);
      if (got == 0) return 0;
      if (got < 0 || write_all(STDOUT_FILENO, bytes, got) < 0) return 5;
    }
  }
}
