/* What busybox's reboot, poweroff and halt ask of PID 1. */
#ifndef WHERRY_POWER_H
#define WHERRY_POWER_H

/* From here on the machine is reset at SIGTERM, turned off at SIGUSR2, and stopped at SIGUSR1. For PID 1 alone. */
void power_start(void);

#endif
