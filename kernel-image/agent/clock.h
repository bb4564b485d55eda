#ifndef WHERRY_CLOCK_H
#define WHERRY_CLOCK_H

#include <time.h>

/* Sets the wall clock: 0 or an errno. */
int clock_set(const struct timespec *now);

#endif
