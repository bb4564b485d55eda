/*
 * For tests: an OCI runtime as far as its terminal goes.
 *   console SOCKET PIDFILE PROGRAM ARGUMENTS...
 * Starts the program on a new terminal, sends the terminal to the socket, writes the program's pid, and exits.
 */
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_terminal(const char *path, int terminal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) return -1;
  char byte = ' ';
  struct iovec data = {&byte, 1};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), &terminal, sizeof terminal);
  return sendmsg(fd, &message, 0) == 1 ? 0 : -1;
}

int main(int count, char **arguments) {
  int terminal, line;
  if (count < 4 || openpty(&terminal, &line, NULL, NULL, NULL) < 0) return 2;
  if (send_terminal(arguments[1], terminal) < 0) return 3;
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    ioctl(line, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++) dup2(line, fd);
    close(line);
    close(terminal);
    execv(arguments[3], arguments + 3);
    _exit(127);
  }
  FILE *file = fopen(arguments[2], "w");
  if (!file) return 4;
  fprintf(file, "%d", (int)pid);
  fclose(file);
  return 0;
}
