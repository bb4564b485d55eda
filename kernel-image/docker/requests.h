/* What the host asks of this program: its files and its terminal, with the caller's own rights. */
#ifndef WHERRY_REQUESTS_H
#define WHERRY_REQUESTS_H

#include "../agent/wire.h"

/* Carries the request out and answers it by RESULT. */
void request_answer(const struct frame *request);

#endif
