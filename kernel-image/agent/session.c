#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "clock.h"
#include "files.h"
#include "hello.h"
#include "listener.h"
#include "log.h"
#include "process.h"
#include "protocol.h"
#include "quiesce.h"
#include "request.h"
#include "stream.h"
#include "tree.h"
#include "worker.h"

/* Requests that wait for the worker, so that all are carried out in order. */
struct queued {
  struct queued *next;
  struct frame frame;
  uint8_t payload[];
};

static bool testing;
static struct queued *first, **last = &first;

void session_start(bool for_test) { testing = for_test; }

static void drop_queue(void) {
  while (first) {
    struct queued *next = first->next;
    free(first);
    first = next;
  }
  last = &first;
}

static void handle_hello(const struct frame *frame, struct reader *reader) {
  struct hello hello;
  worker_drop();
  drop_queue();
  batch_drop();
  listener_drop_all();
  process_drop_all();
  stream_drop_all();
  if (!decode_hello(reader, &hello)) port_result(frame->id, EPROTO, NULL, 0);
  else hello_answer(frame->id, &hello, testing);
}

static uint32_t usage_job(void *context, uint8_t *payload) {
  struct usage usage = {0};
  uint32_t error = (uint32_t)tree_usage(context, &usage);
  put_u32(payload, error);
  put_u64(payload + 4, usage.size);
  put_u64(payload + 12, usage.inodes);
  return error ? 4 : 20;
}

static void run_queued(uint32_t error);

/* Returns false when the payload is malformed. */
static bool handle(const struct frame *frame, struct reader *reader) {
  union {
    struct path_request path;
    struct spawn_request spawn;
    struct kill_request kill;
    struct resize_request resize;
    struct listen_request listen;
    struct timespec time;
  } request;
  switch (frame->type) {
    case FRAME_BATCH:
      return batch_answer(frame, reader, run_queued);
    case FRAME_READFILE:
      if (!decode_limited_path(reader, &request.path)) return false;
      files_answer_readfile(frame->id, &request.path);
      return true;
    case FRAME_READDIR:
      if (!decode_path(reader, &request.path)) return false;
      files_answer_readdir(frame->id, &request.path);
      return true;
    case FRAME_USAGE:
      if (!decode_path(reader, &request.path)) return false;
      worker_run(frame->id, usage_job, request.path.path, run_queued);
      return true;
    case FRAME_SPAWN:
      if (!decode_spawn(reader, &request.spawn)) return false;
      process_spawn(frame->id, &request.spawn);
      free_spawn(&request.spawn);
      return true;
    case FRAME_KILL:
      if (!decode_kill(reader, &request.kill)) return false;
      process_answer_kill(frame->id, &request.kill);
      return true;
    case FRAME_RESIZE:
      if (!decode_resize(reader, &request.resize)) return false;
      process_answer_resize(frame->id, &request.resize);
      return true;
    case FRAME_LISTEN:
      if (!decode_listen(reader, &request.listen)) return false;
      listener_answer_listen(frame->id, &request.listen);
      return true;
    case FRAME_UNLISTEN: {
      uint32_t listener = read_u32(reader);
      if (!wire_done(reader)) return false;
      listener_answer_unlisten(frame->id, listener);
      return true;
    }
    case FRAME_SETTIME:
      if (!decode_time(reader, &request.time)) return false;
      port_result(frame->id, testing ? 0 : clock_set(&request.time), NULL, 0);
      return true;
    case FRAME_QUIESCE:
      if (!wire_done(reader)) return false;
      if (!testing) quiesce();
      port_result(frame->id, 0, NULL, 0);
      return true;
    default:
      return false;
  }
}

static void carry_out(const struct frame *frame) {
  struct reader reader = frame_fields(frame);
  if (!handle(frame, &reader)) port_result(frame->id, EPROTO, NULL, 0);
}

static void queue(const struct frame *frame) {
  struct queued *queued = malloc(sizeof *queued + frame->length);
  if (!queued) die("malloc");
  queued->next = NULL;
  queued->frame = *frame;
  queued->frame.payload = queued->payload;
  memcpy(queued->payload, frame->payload, frame->length);
  *last = queued;
  last = &queued->next;
}

/* The worker is done: carries out what waited for it, up to the next that needs it. */
static void run_queued(uint32_t error) {
  (void)error;
  while (first && !worker_busy()) {
    struct queued *queued = first;
    first = queued->next;
    if (!first) last = &first;
    carry_out(&queued->frame);
    free(queued);
  }
}

void session_frame(const struct frame *frame) {
  if (frame->type >= FRAME_DATA) {
    stream_frame(frame);
  } else if (frame->type == FRAME_HELLO) {
    struct reader reader = frame_fields(frame);
    handle_hello(frame, &reader);
  } else if (frame->type == FRAME_PING) {
    port_result(frame->id, frame->length ? EPROTO : 0, NULL, 0);
  } else if (worker_busy() || first) {
    queue(frame);
  } else {
    carry_out(frame);
  }
}
