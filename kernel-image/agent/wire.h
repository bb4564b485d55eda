/* Frames and little-endian fields, as both protocols cut them: for the agent and for `docker`. */
#ifndef WHERRY_WIRE_H
#define WHERRY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A cursor over a payload. A field that is not there sets `bad` and reads as zero or empty: check `wire_done` once, last. */
struct reader {
  uint8_t *at;
  uint8_t *end;
  bool bad;
};

struct bytes {
  uint8_t *at;
  uint32_t length;
};

static inline uint8_t *wire_take(struct reader *reader, size_t length) {
  if (reader->bad || (size_t)(reader->end - reader->at) < length) {
    reader->bad = true;
    return NULL;
  }
  uint8_t *at = reader->at;
  reader->at += length;
  return at;
}

static inline uint64_t wire_number(struct reader *reader, size_t length) {
  const uint8_t *at = wire_take(reader, length);
  uint64_t value = 0;
  if (at)
    for (size_t i = 0; i < length; i++) value |= (uint64_t)at[i] << (8 * i);
  return value;
}

static inline uint8_t read_u8(struct reader *reader) { return (uint8_t)wire_number(reader, 1); }
static inline uint16_t read_u16(struct reader *reader) { return (uint16_t)wire_number(reader, 2); }
static inline uint32_t read_u32(struct reader *reader) { return (uint32_t)wire_number(reader, 4); }
static inline uint64_t read_u64(struct reader *reader) { return wire_number(reader, 8); }

/* These live as long as the payload does. */
static inline struct bytes read_bytes(struct reader *reader) {
  static uint8_t empty[1];
  uint32_t length = read_u32(reader);
  uint8_t *at = wire_take(reader, length);
  return at ? (struct bytes){at, length} : (struct bytes){empty, 0};
}

static inline char *read_string(struct reader *reader) {
  static char empty[1];
  struct bytes text = read_bytes(reader);
  const uint8_t *terminator = wire_take(reader, 1);
  if (terminator && !*terminator && !memchr(text.at, 0, text.length)) return (char *)text.at;
  reader->bad = true;
  empty[0] = 0;
  return empty;
}

/* All fields were there and nothing is left over. */
static inline bool wire_done(const struct reader *reader) { return !reader->bad && reader->at == reader->end; }

static inline void wire_put(uint8_t *at, uint64_t value, size_t length) {
  for (size_t i = 0; i < length; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline void put_u16(uint8_t *at, uint16_t value) { wire_put(at, value, 2); }
static inline void put_u32(uint8_t *at, uint32_t value) { wire_put(at, value, 4); }
static inline void put_u64(uint8_t *at, uint64_t value) { wire_put(at, value, 8); }

#define FRAME_HEADER 12u
/* The longest payload. */
#define FRAME_MAX 65536u
/* Flag: another frame continues this one. */
#define FLAG_MORE 1u

struct frame {
  uint16_t type;
  uint16_t flags;
  uint32_t id;
  uint8_t *payload;
  uint32_t length;
};

/* `at` has a whole header; whether the payload is there, and not too long, is the caller's to see. */
static inline struct frame frame_at(uint8_t *at) {
  struct reader header = {at, at + FRAME_HEADER, false};
  struct frame frame = {.payload = at + FRAME_HEADER, .length = read_u32(&header)};
  frame.type = read_u16(&header);
  frame.flags = read_u16(&header);
  frame.id = read_u32(&header);
  return frame;
}

static inline struct reader frame_fields(const struct frame *frame) {
  return (struct reader){frame->payload, frame->payload + frame->length, false};
}

static inline void put_frame_header(uint8_t *at, uint32_t length, uint16_t type, uint16_t flags, uint32_t id) {
  put_u32(at, length);
  put_u16(at + 4, type);
  put_u16(at + 6, flags);
  put_u32(at + 8, id);
}

#endif
