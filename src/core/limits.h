/*
** limits.h - the maximum of everything that outside data can make grow.
*/
#ifndef LOFTY_LIMITS_H
#define LOFTY_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* The one table of limits. Each is in bytes unless its comment says otherwise. */
#define LOFTY_MAX_HEAD ((size_t)64 * 1024)           /* status line and all header fields */
#define LOFTY_MAX_BODY ((size_t)16 * 1024 * 1024)    /* a decoded answer, by default */
#define LOFTY_MAX_REQUEST ((size_t)64 * 1024 * 1024) /* a body or an encoding that we make */
#define LOFTY_MAX_URI ((size_t)64 * 1024)            /* a path, a query, a whole URL */
#define LOFTY_MAX_CREDENTIAL ((size_t)64 * 1024)     /* an id, a secret, a code, a token */
#define LOFTY_MAX_DEPTH 128                          /* levels of arrays and objects in JSON */
#define LOFTY_MAX_FIELDS 256                    /* header lines of one head, and its trailers */
#define LOFTY_MAX_STORED ((size_t)1024 * 1024)  /* what a store keeps for one account */
#define LOFTY_MAX_CHUNK_LINE ((size_t)4 * 1024) /* a chunk's size line with its extensions */

#endif
