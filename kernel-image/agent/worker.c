#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"
#include "port.h"
#include "protocol.h"
#include "wire.h"

static struct source answer = {.fd = -1};
static uint32_t request;
static void (*when_done)(uint32_t error);
static pid_t child = -1;

bool worker_busy(void) { return answer.fd >= 0; }

bool worker_reaped(pid_t pid) {
  if (pid != child) return false;
  child = -1;
  return true;
}

static void finish(const uint8_t *payload, uint32_t length) {
  port_send(FRAME_RESULT, 0, request, payload, length);
  struct reader reader = {(uint8_t *)payload, (uint8_t *)payload + length, false};
  when_done(read_u32(&reader));
}

void worker_drop(void) {
  if (answer.fd < 0) return;
  loop_watch(&answer, 0);
  close(answer.fd);
  answer.fd = -1;
}

static void answer_ready(struct source *source, uint32_t events) {
  (void)events;
  uint8_t payload[WORKER_RESULT];
  ssize_t got = read(source->fd, payload, sizeof payload);
  if (got < 0 && errno == EINTR) return;
  worker_drop();
  if (got < 4) {
    put_u32(payload, EIO);
    got = 4;
  }
  finish(payload, (uint32_t)got);
}

void worker_run(uint32_t id, uint32_t (*job)(void *context, uint8_t *payload), void *context, void (*done)(uint32_t error)) {
  uint8_t payload[WORKER_RESULT];
  int ends[2];
  request = id;
  when_done = done;
  pid_t pid = -1;
  if (pipe2(ends, O_CLOEXEC) == 0) {
    pid = fork();
    if (pid == 0) {
      port_forget();
      uint32_t length = job(context, payload);
      _exit(write(ends[1], payload, length) == (ssize_t)length ? 0 : 1);
    }
    close(ends[1]);
    if (pid < 0) close(ends[0]);
  }
  if (pid < 0) {
    finish(payload, job(context, payload));
    return;
  }
  child = pid;
  answer = (struct source){.fd = ends[0], .ready = answer_ready};
  loop_watch(&answer, EPOLLIN);
}
