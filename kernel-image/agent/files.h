/* File operations of a batch, one at a time, and the reading requests. */
#ifndef WHERRY_FILES_H
#define WHERRY_FILES_H

#include "request.h"

/* Carries one operation out: 0 or an errno. Unless `patient`, what would take long answers EINPROGRESS; calling it again,
   patiently and in a process of its own, goes on. */
int files_operate(const struct operation *operation, bool patient);
/* These answer the request themselves. */
void files_answer_readfile(uint32_t id, const struct path_request *request);
void files_answer_readdir(uint32_t id, const struct path_request *request);

#endif
