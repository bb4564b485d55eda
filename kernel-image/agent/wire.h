/* Reading and writing of the protocol's little-endian fields. */
#ifndef WHERRY_WIRE_H
#define WHERRY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
struct bytes read_bytes(struct reader *reader);
/* A string within the payload: it lives as long as the payload does. */
char *read_string(struct reader *reader);
/* All fields were there and nothing is left over. */
bool wire_done(const struct reader *reader);

void put_u16(uint8_t *at, uint16_t value);
void put_u32(uint8_t *at, uint32_t value);
void put_u64(uint8_t *at, uint64_t value);

#endif
