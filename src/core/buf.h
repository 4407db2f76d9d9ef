/* SPDX-License-Identifier: MIT */
/*
** buf.h - a byte buffer with a maximum size.
*/
#ifndef LOFTY_BUF_H
#define LOFTY_BUF_H

#include "common.h"

typedef struct LoftyBuf {
  char *data; /* NULL while empty; not NUL-terminated */
  size_t size;
  size_t capacity;
  size_t max; /* size never grows past it */
  LoftyCode
      status; /* LOFTY_OK, LOFTY_NO_MEMORY or LOFTY_TOO_LONG; after a failure appends do nothing */
} LoftyBuf;

void lofty_buf_init (LoftyBuf *buf, size_t max);
void lofty_buf_free (LoftyBuf *buf);  /* idempotent; leaves an empty buffer with the same maximum */
void lofty_buf_clear (LoftyBuf *buf); /* empties it and resets 'status'; keeps the memory */
void lofty_buf_reuse (
    LoftyBuf *buf, size_t max); /* empties it, with another maximum; frees more memory than that */
char *lofty_buf_grow (LoftyBuf *buf, size_t extra); /* the slow half of lofty_buf_reserve */
LoftyCode lofty_buf_add (LoftyBuf *buf, const void *bytes, size_t size);
LoftyCode lofty_buf_add_byte (LoftyBuf *buf, char byte);

/*
** Makes room for 'extra' bytes after the used ones and returns where they start. Returns NULL on
** failure: the contents stay and buf->status says why. Never NULL on success, not even for 'extra' 0.
*/
static inline char *lofty_buf_reserve (LoftyBuf *buf, size_t extra) {
  if (buf->data && buf->status == LOFTY_OK && extra <= buf->capacity - buf->size)
    return buf->data + buf->size;
  return lofty_buf_grow(buf, extra);
}

#endif
