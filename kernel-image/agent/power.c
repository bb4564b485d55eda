#include "power.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

static struct source requests;

static void requested(struct source *source, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  if (read(source->fd, &info, sizeof info) != sizeof info) return;
  sync();
  reboot(info.ssi_signo == SIGTERM ? RB_AUTOBOOT : info.ssi_signo == SIGUSR2 ? RB_POWER_OFF : RB_HALT_SYSTEM);
}

void power_start(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  sigaddset(&signals, SIGUSR2);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  requests = (struct source){.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), .ready = requested};
  if (requests.fd < 0) die("signalfd");
  loop_watch(&requests, EPOLLIN);
}
