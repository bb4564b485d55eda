#include "terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

sigset_t signals_open;

static struct termios found;
static volatile sig_atomic_t is_raw;
static volatile sig_atomic_t caught[65];

static int apply_raw(void) {
  struct termios raw = found;
  cfmakeraw(&raw);
  return tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0 ? errno : 0;
}

int terminal_set_raw(bool raw) {
  if (!raw) {
    terminal_restore();
    return 0;
  }
  if (is_raw) return 0;
  if (tcgetattr(STDIN_FILENO, &found) < 0) return errno;
  int error = apply_raw();
  is_raw = !error;
  return error;
}

void terminal_restore(void) {
  if (is_raw) tcsetattr(STDIN_FILENO, TCSANOW, &found);
  is_raw = 0;
}

bool terminal_size(uint16_t *rows, uint16_t *columns) {
  for (int fd = 0; fd < 3; fd++) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) continue;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
  }
  return false;
}

static void catch(int number) { caught[number] = 1; }

/* Stopped in raw mode the shell would be left with a raw terminal. */
static void stop(int number) {
  (void)number;
  int saved = errno;
  if (is_raw) tcsetattr(STDIN_FILENO, TCSANOW, &found);
  kill(getpid(), SIGSTOP);
  errno = saved;
}

static void go_on(int number) {
  (void)number;
  int saved = errno;
  if (is_raw) apply_raw();
  caught[SIGWINCH] = 1;
  errno = saved;
}

void signals_start(void) {
  static const int handed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
  struct sigaction action = {.sa_handler = catch};
  sigset_t closed;
  sigemptyset(&closed);
  for (unsigned i = 0; i < sizeof handed_on / sizeof *handed_on; i++) {
    struct sigaction before;
    sigaction(handed_on[i], NULL, &before);
    /* nohup, or a job in the background of a shell without job control. */
    if (before.sa_handler == SIG_IGN) continue;
    sigaction(handed_on[i], &action, NULL);
    sigaddset(&closed, handed_on[i]);
  }
  action.sa_handler = stop;
  sigaction(SIGTSTP, &action, NULL);
  action.sa_handler = go_on;
  sigaction(SIGCONT, &action, NULL);
  sigaddset(&closed, SIGTSTP);
  sigaddset(&closed, SIGCONT);
  sigprocmask(SIG_BLOCK, &closed, &signals_open);
  sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

int signals_take(void) {
  for (int number = 1; number < 65; number++)
    if (caught[number]) {
      caught[number] = 0;
      return number;
    }
  return 0;
}
