#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "log.h"

static int epoll = -1;
static void **dying;
static size_t dying_count, dying_room;

void loop_start(void) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
}

void loop_watch(struct source *source, uint32_t events) {
  if (source->fd < 0 || source->events == events) return;
  struct epoll_event event = {.events = events, .data = {.ptr = source}};
  int operation = !events ? EPOLL_CTL_DEL : source->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll, operation, source->fd, &event) < 0) say("epoll_ctl of %d: errno %d", source->fd, errno);
  source->events = events;
}

void loop_free(void *memory) {
  if (dying_count == dying_room) {
    dying_room = dying_room ? dying_room * 2 : 16;
    dying = realloc(dying, dying_room * sizeof *dying);
    if (!dying) die("realloc");
  }
  dying[dying_count++] = memory;
}

void loop_round(void) {
  struct epoll_event events[32];
  int count = epoll_wait(epoll, events, 32, -1);
  for (int i = 0; i < count; i++) {
    struct source *source = events[i].data.ptr;
    /* An earlier source of this round may have closed this one. */
    if (source->events) source->ready(source, events[i].events);
  }
  while (dying_count) free(dying[--dying_count]);
}
