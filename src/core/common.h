/* SPDX-License-Identifier: MIT */
/*
** common.h - result codes, byte spans and the allocator that the pure core uses.
*/
#ifndef LOFTY_COMMON_H
#define LOFTY_COMMON_H

#include <stddef.h>
#include <stdint.h>

/*
** The result of a step. Incremental parsers return MORE and DONE. Every code above
** LOFTY_DONE is a failure; an object that failed returns the same code from then on.
*/
typedef enum {
  LOFTY_OK = 0,
  LOFTY_MORE,      /* valid so far, feed more bytes */
  LOFTY_DONE,      /* complete */
  LOFTY_NO_MEMORY, /* an allocation failed */
  LOFTY_TOO_LONG,  /* a maximum was exceeded */
  LOFTY_BAD        /* the input is malformed */
} LoftyCode;

/* All allocations of the core go through lofty_realloc, so that tests can replace it. Size 0 frees. */
typedef void *(*LoftyRealloc)(void *block, size_t size);
extern LoftyRealloc lofty_realloc;

/* Borrowed bytes, not NUL-terminated. data NULL: absent; size 0: empty. */
typedef struct LoftySpan {
  const char *data;
  size_t size;
} LoftySpan;

#endif
