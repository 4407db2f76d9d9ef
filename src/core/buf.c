/* SPDX-License-Identifier: MIT */
/*
** buf.c - a growing byte buffer with a maximum size, and the core's allocator.
** After a failure, further appends do nothing and return the same code.
*/
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_FIRST ((size_t)64) /* the first allocation, at least */

/* realloc() with size 0 is implementation-defined in C99; here it frees. */
static void *plain_realloc (void *block, size_t size) {
  if (size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, size);
}

LoftyRealloc lofty_realloc = plain_realloc;

void lofty_buf_init (LoftyBuf *buf, size_t max) {
  buf->data = NULL;
  buf->size = 0;
  buf->capacity = 0;
  buf->max = max;
  buf->status = LOFTY_OK;
}

void lofty_buf_free (LoftyBuf *buf) {
  if (buf->data) lofty_realloc(buf->data, 0);
  lofty_buf_init(buf, buf->max);
}

void lofty_buf_clear (LoftyBuf *buf) {
  buf->size = 0;
  buf->status = LOFTY_OK;
}

void lofty_buf_reuse (LoftyBuf *buf, size_t max) {
  lofty_buf_clear(buf);
  if (buf->capacity > max) lofty_buf_free(buf);
  buf->max = max;
}

/* Capacity doubles up to 'max', so that appending single bytes takes linear time. */
char *lofty_buf_grow (LoftyBuf *buf, size_t extra) {
  size_t need, capacity;
  char *data;
  if (buf->status != LOFTY_OK) return NULL;
  if (extra > buf->max - buf->size) { /* size <= max always: cannot wrap */
    buf->status = LOFTY_TOO_LONG;
    return NULL;
  }
  need = buf->size + extra;
  capacity = buf->capacity > buf->max / 2 ? buf->max : buf->capacity * 2;
  if (capacity < BUF_FIRST) capacity = BUF_FIRST;
  if (capacity < need) capacity = need;
  if (capacity > buf->max) capacity = buf->max;
  data = (char *)lofty_realloc(buf->data, capacity > 0 ? capacity : 1);
  if (!data) {
    buf->status = LOFTY_NO_MEMORY;
    return NULL;
  }
  buf->data = data;
  buf->capacity = capacity;
  return data + buf->size;
}

LoftyCode lofty_buf_add (LoftyBuf *buf, const void *bytes, size_t size) {
  char *room = lofty_buf_reserve(buf, size);
  if (!room) return buf->status;
  if (size > 0) memcpy(room, bytes, size); /* memcpy() must not get NULL, even for size 0 */
  buf->size += size;
  return LOFTY_OK;
}

LoftyCode lofty_buf_add_byte (LoftyBuf *buf, char byte) {
  char *room = lofty_buf_reserve(buf, 1);
  if (!room) return buf->status;
  *room = byte;
  buf->size++;
  return LOFTY_OK;
}
