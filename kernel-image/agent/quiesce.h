#ifndef WHERRY_QUIESCE_H
#define WHERRY_QUIESCE_H

/* Makes memory small to keep: caches are dropped and free pages zeroed, just before the machine's state is saved. */
void quiesce(void);

#endif
