#include "batch.h"

#include <errno.h>

#include "files.h"
#include "protocol.h"
#include "request.h"
#include "worker.h"

struct batch {
  struct reader reader;
  uint32_t count, index;
};

/* A frame that is to be continued has failed: what continues it is not carried out. */
static bool failed;
static bool continued;
static void (*when_done)(uint32_t error);

void batch_drop(void) { failed = false; }

static uint32_t fill_answer(uint8_t *payload, uint32_t error, uint32_t index) {
  put_u32(payload, error);
  put_u32(payload + 4, index);
  return error ? 8 : 4;
}

static uint32_t run(struct batch *batch, bool patient) {
  for (; batch->index < batch->count; batch->index++) {
    struct reader before = batch->reader;
    struct operation operation;
    decode_operation(&batch->reader, &operation);
    uint32_t error = (uint32_t)files_operate(&operation, patient);
    if (!error) continue;
    batch->reader = before;
    return error;
  }
  return 0;
}

static uint32_t job(void *context, uint8_t *payload) {
  struct batch *batch = context;
  uint32_t error = run(batch, true);
  return fill_answer(payload, error, batch->index);
}

static void worker_done(uint32_t error) {
  failed = error && continued;
  when_done(error);
}

static bool well_formed(struct batch batch) {
  struct operation operation;
  for (uint32_t i = 0; i < batch.count; i++)
    if (!decode_operation(&batch.reader, &operation)) return false;
  return wire_done(&batch.reader);
}

bool batch_answer(const struct frame *frame, struct reader *reader, void (*done)(uint32_t error)) {
  struct batch batch = {.count = read_u32(reader)};
  batch.reader = *reader;
  continued = frame->flags & FLAG_MORE;
  uint32_t error;
  if (failed) {
    failed = continued;
    error = ECANCELED;
  } else if (!well_formed(batch)) {
    failed = continued;
    return false;
  } else {
    error = run(&batch, false);
    if (error == EINPROGRESS) {
      when_done = done;
      worker_run(frame->id, job, &batch, worker_done);
      return true;
    }
    failed = error && continued;
  }
  uint8_t payload[8];
  port_send(FRAME_RESULT, 0, frame->id, payload, fill_answer(payload, error, batch.index));
  return true;
}
