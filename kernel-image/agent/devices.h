#ifndef WHERRY_DEVICES_H
#define WHERRY_DEVICES_H

/*
 * Gives a cgroup, and all below it that have no device program of their own, the access to devices that Docker gives to a container
 * that asked for none. -1 and errno when the kernel refuses.
 */
int devices_limit(const char *cgroup);

#endif
