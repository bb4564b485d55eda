/* A memory of processes that were reaped before anyone knew them: an OCI runtime's container may end before the runtime. */
#ifndef WHERRY_REAPED_H
#define WHERRY_REAPED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* How a process ended. */
struct ending {
  int status; /* as of waitpid(2) */
  struct timespec at;
};

void reaped_add(pid_t pid, const struct ending *ending);
/* Counts what has been added: pass an earlier count to `reaped_find` to tell a pid's former owner from its present one. */
uint64_t reaped_count(void);
bool reaped_find(pid_t pid, uint64_t since, struct ending *out);

#endif
