#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "protocol.h"

/* The child's ends: all are close-on-exec and above 2. */
struct child_ends {
  int fds[3];
};

int terminal_resize(int terminal, uint16_t rows, uint16_t columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(terminal, TIOCSWINSZ, &size) < 0 ? errno : 0;
}

static void close_all(const int *fds, int count) {
  for (int i = 0; i < count; i++)
    if (fds[i] >= 0) close(fds[i]);
}

static int open_terminal(const struct spawn_request *request, struct stdio *stdio, struct child_ends *child) {
  int terminal, line;
  if (openpty(&terminal, &line, NULL, NULL, NULL) < 0) return errno;
  fcntl(terminal, F_SETFD, FD_CLOEXEC);
  fcntl(line, F_SETFD, FD_CLOEXEC);
  struct termios modes;
  if (tcgetattr(line, &modes) == 0) {
    modes.c_iflag |= IUTF8;
    tcsetattr(line, TCSANOW, &modes);
  }
  if (request->rows) terminal_resize(terminal, request->rows, request->columns);
  stdio->terminal = terminal;
  child->fds[0] = line;
  child->fds[1] = child->fds[2] = -1;
  return 0;
}

/* One standard stream: a pipe, or /dev/null when `wanted` is not set. */
static int open_pipe(bool wanted, int number, int *own, int *child) {
  if (!wanted) {
    *child = open("/dev/null", (number ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    return *child < 0 ? errno : 0;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return errno;
  *own = ends[number ? 0 : 1];
  *child = ends[number ? 1 : 0];
  return 0;
}

static int open_stdio(const struct spawn_request *request, struct stdio *stdio, struct child_ends *child) {
  *stdio = (struct stdio){-1, -1, -1, -1};
  *child = (struct child_ends){{-1, -1, -1}};
  if (request->flags & SPAWN_TTY) return open_terminal(request, stdio, child);
  int error = open_pipe(request->flags & SPAWN_STDIN, 0, &stdio->stdin_end, &child->fds[0]);
  if (!error) error = open_pipe(request->flags & SPAWN_STDOUT, 1, &stdio->stdout_end, &child->fds[1]);
  if (!error) error = open_pipe(request->flags & SPAWN_STDERR, 2, &stdio->stderr_end, &child->fds[2]);
  return error;
}

/* In the child, which shares the parent's memory until execve: system calls only. Returns the errno that stopped it. */
static int become(const struct spawn_request *request, const struct child_ends *child) {
  setsid();
  if (request->flags & SPAWN_TTY) ioctl(child->fds[0], TIOCSCTTY, 0);
  for (int i = 0; i < 3; i++)
    if (dup2(child->fds[i] >= 0 ? child->fds[i] : child->fds[0], i) < 0) return errno;
  if (*request->cwd && chdir(request->cwd) < 0) return errno;
  umask(022);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvpe(request->argv[0], request->argv, request->envp);
  return errno;
}

int spawn(const struct spawn_request *request, struct stdio *stdio, pid_t *pid) {
  struct child_ends child;
  int error = open_stdio(request, stdio, &child);
  /* Written by the child, read by the parent after it. */
  volatile int failure = 0;
  if (!error) {
    /* vfork: the parent waits for execve, and no page table is copied. */
    *pid = vfork();
    if (*pid == 0) {
      failure = become(request, &child);
      _exit(127);
    }
    if (*pid < 0) error = errno;
    else error = failure;
  }
  close_all(child.fds, 3);
  if (error) {
    close_all((const int[]){stdio->stdin_end, stdio->stdout_end, stdio->stderr_end, stdio->terminal}, 4);
    *stdio = (struct stdio){-1, -1, -1, -1};
  }
  return error;
}
