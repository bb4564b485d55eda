/* The event loop: one epoll, level triggered. */
#ifndef WHERRY_LOOP_H
#define WHERRY_LOOP_H

#include <stdint.h>

/* Embed one in whatever waits for a file descriptor; `ready` finds its owner with CONTAINER_OF. */
struct source {
  int fd;
  uint32_t events;
  void (*ready)(struct source *source, uint32_t events);
};

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

void loop_start(void);
/* Waits for `events` on the source; 0 forgets it. A hang-up is reported only while something is waited for. */
void loop_watch(struct source *source, uint32_t events);
/* Frees memory that events of this round may still point into, when the round is over. */
void loop_free(void *memory);
/* Runs one round: waits, calls each ready source, then frees. */
void loop_round(void);

#endif
