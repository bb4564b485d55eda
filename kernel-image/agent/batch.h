/* Batches of file operations. */
#ifndef WHERRY_BATCH_H
#define WHERRY_BATCH_H

#include "port.h"
#include "wire.h"

/* Carries the frame's operations out until one fails and answers with its errno and index. `done` is called later, when
   the worker has finished the rest. Returns false, with nothing done, when the payload is malformed. */
bool batch_answer(const struct frame *frame, struct reader *reader, void (*done)(uint32_t error));
void batch_drop(void);

#endif
