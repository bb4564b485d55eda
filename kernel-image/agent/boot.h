#ifndef WHERRY_BOOT_H
#define WHERRY_BOOT_H

/* What PID 1 does before anything else: a root that can be pivoted from, the kernel's file systems, cgroups, loopback. */
void boot(void);
/* Opens the virtio port that leads to the host; waits until the driver has made it. */
int boot_open_port(void);

#endif
