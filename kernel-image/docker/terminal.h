/* The terminal on stdin, and signals. */
#ifndef WHERRY_TERMINAL_H
#define WHERRY_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Raw mode on or off: 0 or an errno. */
int terminal_set_raw(bool raw);
/* As it was found. */
void terminal_restore(void);
/* The size of the first standard stream that is a terminal; false when none is. */
bool terminal_size(uint16_t *rows, uint16_t *columns);

/* Catches the signals that are handed on. They arrive only while `signals_open` is the mask, and while a request runs. */
void signals_start(void);
extern sigset_t signals_open;
/* Takes one signal that has come, or 0. SIGWINCH and SIGCONT come as SIGWINCH. */
int signals_take(void);

#endif
