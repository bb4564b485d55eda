/* Processes that the host asked for, until their exit has been told. */
#ifndef WHERRY_PROCESS_H
#define WHERRY_PROCESS_H

#include "request.h"

void process_start(void);
/* Answers the request by RESULT, for an adopting spawn when the runtime has exited. */
void process_spawn(uint32_t id, const struct spawn_request *request);
void process_answer_kill(uint32_t id, const struct kill_request *request);
void process_answer_resize(uint32_t id, const struct resize_request *request);
/* Forgets all: the processes run on, and their exits are told to nobody. */
void process_drop_all(void);

#endif
