/*
 * For tests: the agent's own decoders and encoders against kernel-image/vectors/agent.json.
 *   decode TYPE HEX   prints the fields of a request's payload, one a line
 *   encode            sends one frame of each kind of event through the port's code, to standard output
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "port.h"
#include "protocol.h"
#include "request.h"

static void number(const char *name, long long value) { printf("%s=%lld\n", name, value); }
static void text(const char *name, const char *value) { printf("%s=%s\n", name, value); }

static void bytes(const char *name, struct bytes value) {
  printf("%s=", name);
  for (uint32_t i = 0; i < value.length; i++) printf("%02x", value.at[i]);
  printf("\n");
}

static void instant(struct timespec time) {
  number("seconds", time.tv_sec);
  number("nanoseconds", time.tv_nsec);
}

static void strings(const char *name, char **values) {
  for (; *values; values++) text(name, *values);
}

static bool hello(struct reader *reader) {
  struct hello request;
  if (!decode_hello(reader, &request)) return false;
  number("version", request.version);
  number("window", request.host_window);
  instant(request.now);
  bytes("entropy", request.entropy);
  text("type", request.type);
  text("source", request.source);
  text("data", request.data);
  return true;
}

/* Only what is there, so that vectors stay readable. */
static void optional_number(const char *name, long long value) {
  if (value) number(name, value);
}

static void optional_text(const char *name, const char *value) {
  if (value && *value) text(name, value);
}

static void operation(const struct operation *operation) {
  number("op", operation->op);
  optional_number("flags", operation->flags);
  optional_number("extra", operation->extra);
  optional_number("mode", operation->mode);
  if (operation->bytes.length) bytes("bytes", operation->bytes);
  optional_text("other", operation->other);
  optional_text("type", operation->type);
  optional_text("data", operation->data);
  optional_text("root", operation->root);
  text("path", operation->path);
}

static bool batch(struct reader *reader) {
  uint32_t count = read_u32(reader);
  for (uint32_t i = 0; i < count; i++) {
    struct operation one;
    if (!decode_operation(reader, &one)) return false;
    operation(&one);
  }
  return wire_done(reader);
}

static bool spawn(struct reader *reader) {
  struct spawn_request request;
  if (!decode_spawn(reader, &request)) return false;
  number("flags", request.flags);
  number("stream", request.stream);
  number("error stream", request.error_stream);
  number("rows", request.rows);
  number("columns", request.columns);
  text("cwd", request.cwd);
  text("console", request.console_socket);
  text("pid file", request.pid_file);
  text("log", request.error_log);
  strings("argv", request.argv);
  strings("env", request.envp);
  free_spawn(&request);
  return true;
}

static bool small(int type, struct reader *reader) {
  struct path_request path;
  struct kill_request kill;
  struct resize_request resize;
  struct listen_request listen;
  struct timespec time;
  bool good = true;
  if (type == FRAME_READFILE && (good = decode_limited_path(reader, &path))) {
    number("limit", path.limit);
    text("root", path.root);
    text("path", path.path);
  } else if ((type == FRAME_READDIR || type == FRAME_USAGE) && (good = decode_path(reader, &path))) {
    text("path", path.path);
  } else if (type == FRAME_KILL && (good = decode_kill(reader, &kill))) {
    number("process", kill.process);
    number("pid", kill.pid);
    number("signal", kill.signal);
  } else if (type == FRAME_RESIZE && (good = decode_resize(reader, &resize))) {
    number("process", resize.process);
    number("rows", resize.rows);
    number("columns", resize.columns);
  } else if (type == FRAME_LISTEN && (good = decode_listen(reader, &listen))) {
    number("mode", listen.mode);
    text("path", listen.path);
  } else if (type == FRAME_SETTIME && (good = decode_time(reader, &time))) {
    instant(time);
  }
  return good;
}

static int decode(int type, const char *hex) {
  static uint8_t payload[FRAME_MAX];
  size_t length = strlen(hex) / 2;
  for (size_t i = 0; i < length && i < sizeof payload; i++) {
    char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
    payload[i] = (uint8_t)strtol(digits, NULL, 16);
  }
  struct reader reader = {payload, payload + length, false};
  bool good = type == FRAME_HELLO   ? hello(&reader)
              : type == FRAME_BATCH ? batch(&reader)
              : type == FRAME_SPAWN ? spawn(&reader)
                                    : small(type, &reader);
  if (!good) printf("malformed\n");
  return 0;
}

static void ignore(const struct frame *frame) { (void)frame; }

/* The same code and the same values as the agent's events, in the order of the vectors. */
static int encode(void) {
  loop_start();
  port_open(STDOUT_FILENO, ignore);
  uint8_t payload[20];
  put_u32(payload, PROTOCOL_VERSION);
  port_send(FRAME_READY, 0, 0, payload, 4);
  port_result(7, 0, NULL, 0);
  put_u32(payload, 1);
  port_result(8, 2, payload, 4);
  put_u32(payload, 0);
  put_u32(payload + 4, 15);
  put_u64(payload + 8, 4294967296);
  put_u32(payload + 16, 500000000);
  port_send(FRAME_EXIT, 0, 9, payload, 20);
  put_u32(payload, 5);
  put_u32(payload + 4, 1234);
  put_u32(payload + 8, 1000);
  put_u32(payload + 12, 100);
  port_send(FRAME_ACCEPT, 0, 0x80000000u, payload, 16);
  port_send(FRAME_DATA, 0, 11, "hello", 5);
  put_u32(payload, 65536);
  port_send(FRAME_CREDIT, 0, 11, payload, 4);
  port_send(FRAME_END, 0, 11, NULL, 0);
  port_send(FRAME_STOP, 0, 11, NULL, 0);
  port_flush();
  return 0;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "decode") == 0) return decode(atoi(arguments[2]), arguments[3]);
  if (count == 2 && strcmp(arguments[1], "encode") == 0) return encode();
  return 2;
}
