/*
 * The `docker` of the guest's shell: hands what it was called with to the docker command outside the guest, and relays its
 * streams, signals, terminal and files. kernel-image/protocol.md describes the conversation.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../agent/wire.h"
#include "invocation.h"
#include "link.h"
#include "requests.h"
#include "terminal.h"

/* A pipe that poll reports writable takes so much without blocking. */
#define PIPE_ATOMIC 4096u

static int host;
static uint8_t incoming[FRAME_HEADER + FRAME_MAX];
static uint32_t incoming_at, incoming_end;
/* The part of a frame in `incoming` that is still to be written. */
static struct {
  int fd;
  uint8_t *at;
  uint32_t length;
} output = {.fd = -1};
static uint32_t wanted;
static bool stdin_ended;

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(1);
}

static _Noreturn void finish(int code) {
  terminal_restore();
  _exit(code);
}

/* Ends as other programs do whose reader is gone. */
static _Noreturn void die_of_pipe(void) {
  terminal_restore();
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
  _exit(141);
}

static void send_size(void) {
  uint16_t rows, columns;
  if (!terminal_size(&rows, &columns)) return;
  uint8_t *payload = link_room(4);
  put_u16(payload, rows);
  put_u16(payload + 2, columns);
  link_send(FROM_SIZE, 0, 0, 4);
}

/* Sends strings one after the other, cut into frames wherever they fill up. */
static void send_strings(char **strings, uint8_t **frame, uint32_t *length) {
  for (; *strings; strings++) {
    const char *at = *strings;
    size_t left = strlen(at) + 1;
    while (left) {
      uint32_t piece = FRAME_MAX - *length < left ? FRAME_MAX - *length : (uint32_t)left;
      memcpy(*frame + *length, at, piece);
      *length += piece;
      at += piece;
      left -= piece;
      if (*length < FRAME_MAX) continue;
      link_send(FROM_STRINGS, 0, 0, *length);
      *frame = link_room(FRAME_MAX);
      *length = 0;
    }
  }
}

static uint32_t count_strings(char **strings) {
  uint32_t number = 0;
  while (strings[number]) number++;
  return number;
}

static void send_start(char **arguments) {
  char folder[4096];
  uint16_t rows = 0, columns = 0;
  uint32_t terminals = 0;
  for (int fd = 0; fd < 3; fd++)
    if (isatty(fd)) terminals |= 1u << fd;
  terminal_size(&rows, &columns);
  if (!getcwd(folder, sizeof folder)) strcpy(folder, "/");
  uint8_t *payload = link_room(20 + sizeof folder);
  put_u32(payload, INVOCATION_VERSION);
  put_u32(payload + 4, terminals);
  put_u16(payload + 8, rows);
  put_u16(payload + 10, columns);
  put_u32(payload + 12, count_strings(arguments));
  put_u32(payload + 16, count_strings(environ));
  memcpy(payload + 20, folder, strlen(folder));
  link_send(FROM_START, 0, 0, 20 + (uint32_t)strlen(folder));
  link_flush();
  uint8_t *frame = link_room(FRAME_MAX);
  uint32_t length = 0;
  send_strings(arguments, &frame, &length);
  send_strings(environ, &frame, &length);
  if (length) link_send(FROM_STRINGS, 0, 0, length);
}

static void send_signals(void) {
  for (int number = signals_take(); number; number = signals_take()) {
    if (number == SIGWINCH) {
      send_size();
      continue;
    }
    put_u32(link_room(4), (uint32_t)number);
    link_send(FROM_SIGNAL, 0, 0, 4);
  }
}

static void read_stdin(void) {
  uint32_t room = wanted < FRAME_MAX ? wanted : FRAME_MAX;
  ssize_t got = read(STDIN_FILENO, link_room(room), room);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    link_send(FROM_STDIN, 0, 0, (uint32_t)got);
    wanted -= (uint32_t)got;
  } else {
    stdin_ended = true;
    link_send(FROM_STDIN_END, 0, 0, 0);
  }
}

static void write_output(void) {
  static int regular[3] = {-1, -1, -1};
  struct stat status;
  if (regular[output.fd] < 0) regular[output.fd] = fstat(output.fd, &status) == 0 && S_ISREG(status.st_mode);
  uint32_t length = regular[output.fd] || output.length < PIPE_ATOMIC ? output.length : PIPE_ATOMIC;
  ssize_t put = write(output.fd, output.at, length);
  if (put < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (put < 0 && errno == EPIPE) die_of_pipe();
  /* A full disk, say: what can't be written is lost, as it is for docker. */
  if (put < 0) put = (ssize_t)output.length;
  output.at += put;
  output.length -= (uint32_t)put;
}

static void handle(const struct frame *frame) {
  struct reader reader = frame_fields(frame);
  if (frame->type == TO_STDOUT || frame->type == TO_STDERR) {
    output.fd = frame->type == TO_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
    output.at = frame->payload;
    output.length = frame->length;
  } else if (frame->type == TO_WANT) {
    uint32_t more = read_u32(&reader);
    wanted = more > UINT32_MAX - wanted ? UINT32_MAX : wanted + more;
  } else if (frame->type == TO_EXIT) {
    finish((int)read_u32(&reader));
  } else if (frame->type >= ASK_RAW) {
    request_answer(frame);
  }
}

/* Handles whole frames, up to one whose output must be written first: its payload stays where it is. */
static void parse(void) {
  while (!output.length && incoming_end - incoming_at >= FRAME_HEADER) {
    struct frame frame = frame_at(incoming + incoming_at);
    if (frame.length > FRAME_MAX) link_lost();
    if (incoming_end - incoming_at < FRAME_HEADER + frame.length) break;
    incoming_at += FRAME_HEADER + frame.length;
    handle(&frame);
  }
}

static void receive(void) {
  memmove(incoming, incoming + incoming_at, incoming_end - incoming_at);
  incoming_end -= incoming_at;
  incoming_at = 0;
  ssize_t got = recv(host, incoming + incoming_end, sizeof incoming - incoming_end, MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) link_lost();
  incoming_end += (uint32_t)got;
}

/* While output waits nothing is read from the host; stdin and signals go on. */
static void relay(void) {
  bool reads = wanted && !stdin_ended;
  struct pollfd polled[2] = {
      {.fd = output.length ? output.fd : host, .events = output.length ? POLLOUT : POLLIN},
      {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
  };
  if (ppoll(polled, 2, NULL, &signals_open) < 0 && errno != EINTR) link_lost();
  send_signals();
  if (polled[1].revents) read_stdin();
  link_flush();
  if (polled[0].revents) {
    if (output.length) write_output();
    else receive();
    parse();
  }
}

/* A number below 3 that is free would be given to the connection. */
static void fill_standard_streams(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

int main(int count, char **arguments) {
  (void)count;
  const char *socket_path = getenv("WHERRY_CLI_SOCKET");
  fill_standard_streams();
  host = link_open(socket_path ? socket_path : CLI_SOCKET);
  if (host < 0) {
    say("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n");
    return 1;
  }
  signals_start();
  send_start(arguments + 1);
  for (;;) {
    link_flush();
    relay();
  }
}
