#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void say(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 1) length = sizeof line - 1;
  dprintf(STDERR_FILENO, "wherry-agent: %.*s\n", length, line);
}

_Noreturn void die(const char *what) {
  say("%s: %s", what, strerror(errno));
  _exit(1);
}
