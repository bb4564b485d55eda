/* Starting a program with its standard streams. */
#ifndef WHERRY_SPAWN_H
#define WHERRY_SPAWN_H

#include <sys/types.h>

#include "request.h"

/* The agent's ends of a new process's standard streams; -1 where there is none. A terminal is in `terminal` alone. */
struct stdio {
  int stdin_end, stdout_end, stderr_end, terminal;
};

/* Returns 0 and the pid, or an errno (that of execve included). */
int spawn(const struct spawn_request *request, struct stdio *stdio, pid_t *pid);
int terminal_resize(int terminal, uint16_t rows, uint16_t columns);

#endif
