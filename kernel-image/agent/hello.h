/* The greeting of a new host: what a restored guest can't know is made right. */
#ifndef WHERRY_HELLO_H
#define WHERRY_HELLO_H

#include <stdbool.h>

#include "request.h"

void hello_answer(uint32_t id, const struct hello *hello, bool testing);

#endif
