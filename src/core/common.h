/*
** common.h - result codes, byte spans and the allocator that the pure core uses.
*/
#ifndef LOFTY_COMMON_H
#define LOFTY_COMMON_H

#include <stddef.h>
#include <stdint.h>

/*
** What a step came to. MORE and DONE are for what is fed piece by piece; all
** above LOFTY_DONE are failures, and the first one sticks.
*/
typedef enum {
  LOFTY_OK = 0,
  LOFTY_MORE,      /* nothing wrong yet, feed more bytes */
  LOFTY_DONE,      /* complete */
  LOFTY_NO_MEMORY, /* the allocator said no */
  LOFTY_TOO_LONG,  /* a maximum was reached */
  LOFTY_BAD        /* the bytes break the rules */
} LoftyCode;

/* The allocator seam: size 0 frees. Every allocation of the pure core goes through it. */
typedef void *(*LoftyRealloc)(void *block, size_t size);
extern LoftyRealloc lofty_realloc;

/* Bytes that belong to someone else; data NULL means absent, size 0 means empty. */
typedef struct LoftySpan {
  const char *data;
  size_t size;
} LoftySpan;

#endif
