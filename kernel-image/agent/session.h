/* One host's use of the agent: from its HELLO to the next. */
#ifndef WHERRY_SESSION_H
#define WHERRY_SESSION_H

#include <stdbool.h>

#include "port.h"

/* A test runs the agent as an ordinary process: it leaves the clock, the mounts and the memory of the machine alone. */
void session_start(bool testing);
void session_frame(const struct frame *frame);

#endif
