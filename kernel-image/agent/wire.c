#include "wire.h"

#include <string.h>

static uint8_t empty[1];

static uint8_t *take(struct reader *reader, size_t length) {
  if (reader->bad || (size_t)(reader->end - reader->at) < length) {
    reader->bad = true;
    return NULL;
  }
  uint8_t *at = reader->at;
  reader->at += length;
  return at;
}

static uint64_t read_number(struct reader *reader, size_t length) {
  const uint8_t *at = take(reader, length);
  uint64_t value = 0;
  if (at)
    for (size_t i = 0; i < length; i++) value |= (uint64_t)at[i] << (8 * i);
  return value;
}

uint8_t read_u8(struct reader *reader) { return (uint8_t)read_number(reader, 1); }
uint16_t read_u16(struct reader *reader) { return (uint16_t)read_number(reader, 2); }
uint32_t read_u32(struct reader *reader) { return (uint32_t)read_number(reader, 4); }
uint64_t read_u64(struct reader *reader) { return read_number(reader, 8); }

struct bytes read_bytes(struct reader *reader) {
  uint32_t length = read_u32(reader);
  uint8_t *at = take(reader, length);
  if (!at) return (struct bytes){empty, 0};
  return (struct bytes){at, length};
}

char *read_string(struct reader *reader) {
  struct bytes text = read_bytes(reader);
  const uint8_t *terminator = take(reader, 1);
  if (!terminator || *terminator || memchr(text.at, 0, text.length)) {
    reader->bad = true;
    return (char *)empty;
  }
  return (char *)text.at;
}

bool wire_done(const struct reader *reader) { return !reader->bad && reader->at == reader->end; }

static void put_number(uint8_t *at, uint64_t value, size_t length) {
  for (size_t i = 0; i < length; i++) at[i] = (uint8_t)(value >> (8 * i));
}

void put_u16(uint8_t *at, uint16_t value) { put_number(at, value, 2); }
void put_u32(uint8_t *at, uint32_t value) { put_number(at, value, 4); }
void put_u64(uint8_t *at, uint64_t value) { put_number(at, value, 8); }
