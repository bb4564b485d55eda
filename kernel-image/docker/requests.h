/* What the host asks of this program: its files and its terminal, with the caller's own rights. */
#ifndef WHERRY_REQUESTS_H
#define WHERRY_REQUESTS_H

#include <stdint.h>

/* Carries the request out and answers it by RESULT. */
void request_answer(uint16_t type, uint32_t id, uint8_t *payload, uint32_t length);

#endif
