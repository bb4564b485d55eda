/* The agent's words on the kernel's console. */
#ifndef WHERRY_LOG_H
#define WHERRY_LOG_H

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* Says what failed and with which errno, and ends the agent: as PID 1 that is a kernel panic, which the host notices. */
_Noreturn void die(const char *what);

#endif
