#include "request.h"

#include <stdlib.h>

#include "protocol.h"

static struct timespec read_time(struct reader *reader) {
  struct timespec time = {.tv_sec = (time_t)read_u64(reader)};
  uint32_t nanoseconds = read_u32(reader);
  if (nanoseconds >= 1000000000u) reader->bad = true;
  time.tv_nsec = (long)nanoseconds;
  return time;
}

bool decode_time(struct reader *reader, struct timespec *out) {
  *out = read_time(reader);
  return wire_done(reader);
}

bool decode_hello(struct reader *reader, struct hello *out) {
  out->version = read_u32(reader);
  out->host_window = read_u32(reader);
  out->now = read_time(reader);
  out->entropy = read_bytes(reader);
  out->type = read_string(reader);
  out->source = read_string(reader);
  out->data = read_string(reader);
  return wire_done(reader);
}

bool decode_operation(struct reader *reader, struct operation *out) {
  *out = (struct operation){.op = read_u8(reader)};
  switch (out->op) {
    case OP_MKDIR:
      out->mode = read_u32(reader);
      out->extra = read_u8(reader);
      break;
    case OP_WRITE:
      out->mode = read_u32(reader);
      out->bytes = read_bytes(reader);
      break;
    case OP_APPEND:
      out->bytes = read_bytes(reader);
      break;
    case OP_SYMLINK:
      out->other = read_string(reader);
      break;
    case OP_REMOVE:
      out->extra = read_u8(reader);
      break;
    case OP_MOUNT:
      out->flags = read_u32(reader);
      out->other = read_string(reader);
      out->type = read_string(reader);
      out->data = read_string(reader);
      break;
    case OP_UNMOUNT:
      out->flags = read_u32(reader);
      out->extra = read_u8(reader);
      break;
    case OP_COPY:
    case OP_BIND:
      out->extra = read_u8(reader);
      out->root = read_string(reader);
      out->other = read_string(reader);
      break;
    default:
      reader->bad = true;
  }
  out->path = read_string(reader);
  return !reader->bad;
}

/* A count, then so many strings. The payload bounds the count: a string takes five bytes at least. */
static char **read_strings(struct reader *reader) {
  uint32_t count = read_u32(reader);
  if (count > FRAME_MAX / 5) reader->bad = true;
  if (reader->bad) return NULL;
  char **strings = calloc(count + 1, sizeof *strings);
  if (!strings) {
    reader->bad = true;
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) strings[i] = read_string(reader);
  return strings;
}

bool decode_spawn(struct reader *reader, struct spawn_request *out) {
  *out = (struct spawn_request){.flags = read_u32(reader)};
  out->stream = read_u32(reader);
  out->error_stream = read_u32(reader);
  out->rows = read_u16(reader);
  out->columns = read_u16(reader);
  out->cwd = read_string(reader);
  out->console_socket = read_string(reader);
  out->pid_file = read_string(reader);
  out->error_log = read_string(reader);
  out->argv = read_strings(reader);
  out->envp = read_strings(reader);
  uint32_t pipes = out->flags & (SPAWN_STDIN | SPAWN_STDOUT | SPAWN_STDERR);
  uint32_t terminals = out->flags & (SPAWN_TTY | SPAWN_CONSOLE_SOCKET);
  bool sensible = !(pipes && terminals) && terminals != (SPAWN_TTY | SPAWN_CONSOLE_SOCKET);
  if (wire_done(reader) && sensible && out->argv[0]) return true;
  free_spawn(out);
  return false;
}

void free_spawn(struct spawn_request *request) {
  free(request->argv);
  free(request->envp);
  request->argv = request->envp = NULL;
}

bool decode_limited_path(struct reader *reader, struct path_request *out) {
  out->limit = read_u32(reader);
  out->root = read_string(reader);
  out->path = read_string(reader);
  return wire_done(reader);
}

bool decode_path(struct reader *reader, struct path_request *out) {
  *out = (struct path_request){.root = ""};
  out->path = read_string(reader);
  return wire_done(reader);
}

bool decode_kill(struct reader *reader, struct kill_request *out) {
  out->process = read_u32(reader);
  out->pid = (int32_t)read_u32(reader);
  out->signal = read_u32(reader);
  return wire_done(reader);
}

bool decode_resize(struct reader *reader, struct resize_request *out) {
  out->process = read_u32(reader);
  out->rows = read_u16(reader);
  out->columns = read_u16(reader);
  return wire_done(reader);
}

bool decode_listen(struct reader *reader, struct listen_request *out) {
  out->mode = read_u32(reader);
  out->path = read_string(reader);
  return wire_done(reader);
}
