/* Wherry's guest agent: PID 1 of the guest and shim of all its processes. kernel-image/protocol.md says what it does. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "port.h"
#include "power.h"
#include "process.h"
#include "protocol.h"
#include "session.h"
#include "wire.h"

/* A 32-bit time would end in 2038, a 32-bit offset at 2 GiB. */
_Static_assert(sizeof(time_t) == 8 && sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64");

/* Numbers 0 to 2 must be taken, else a pipe of a child might get one of them. */
static void fill_standard_streams(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

/*
 * A writer that fills a pipe is not interrupted for each line that the agent could take: the agent runs when others wait
 * or have had their share, and takes more at a time. Its children are not meant.
 */
static void be_patient(void) {
  struct sched_param none = {0};
  sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none);
}

int main(int count, char **arguments) {
  int port;
  bool testing = count == 3 && strcmp(arguments[1], "--test-port") == 0;
  if (testing) {
    port = atoi(arguments[2]);
    fcntl(port, F_SETFD, FD_CLOEXEC);
    fcntl(port, F_SETFL, fcntl(port, F_GETFL) | O_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  } else if (getpid() == 1) {
    boot();
    port = boot_open_port();
  } else {
    fputs("usage: agent --test-port FD\n", stderr);
    return 2;
  }
  fill_standard_streams();
  /* File operations say the mode that they want. */
  umask(0);
  setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  be_patient();
  loop_start();
  process_start();
  if (!testing) power_start();
  listener_start();
  session_start(testing);
  port_open(port, session_frame);
  uint8_t version[4];
  put_u32(version, PROTOCOL_VERSION);
  port_send(FRAME_READY, 0, 0, version, sizeof version);
  for (;;) {
    port_flush();
    loop_round();
  }
}
