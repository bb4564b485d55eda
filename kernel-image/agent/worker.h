/* One child process at a time for requests that take long, so that streams flow meanwhile. */
#ifndef WHERRY_WORKER_H
#define WHERRY_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKER_RESULT 64

/* Runs `job` in a child (or here, when there can be none); it fills in the payload of the RESULT and returns its length.
   `done` is called after the RESULT has been sent, with its errno. */
void worker_run(uint32_t id, uint32_t (*job)(void *context, uint8_t *payload), void *context, void (*done)(uint32_t error));
bool worker_busy(void);
/* Says whether the reaped process was a worker. */
bool worker_reaped(pid_t pid);
/* Its result is no longer wanted. */
void worker_drop(void);

#endif
