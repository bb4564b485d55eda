/* Unix sockets in the guest on which the host listens. */
#ifndef WHERRY_LISTENER_H
#define WHERRY_LISTENER_H

#include "request.h"

void listener_start(void);
void listener_answer_listen(uint32_t id, const struct listen_request *request);
/* `id` of the LISTEN request names the listener. */
void listener_answer_unlisten(uint32_t id, uint32_t listener);
void listener_drop_all(void);

#endif
