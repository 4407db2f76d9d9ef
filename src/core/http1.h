/* SPDX-License-Identifier: MIT */
/*
** http1.h - a parser for whole HTTP/1.1 responses: head, framing and gunzip.
*/
#ifndef LOFTY_HTTP1_H
#define LOFTY_HTTP1_H

#include "head.h"

typedef struct LoftyHttp LoftyHttp;

/* A parser for one response; is_head: to a HEAD request. */
LoftyHttp *lofty_http_new (size_t max_head, size_t max_body, int is_head); /* NULL: no memory */
void lofty_http_free (LoftyHttp *http);                                    /* NULL is fine */
/* Prepares for the next response. Reuses the memory, except that of a large body. */
void lofty_http_reset (LoftyHttp *http, size_t max_head, size_t max_body, int is_head);
/* As lofty_http_head_feed. LOFTY_DONE with *used < size: trailing bytes after the response. */
LoftyCode lofty_http_feed (LoftyHttp *http, const char *bytes, size_t size, size_t *used);
LoftyCode
lofty_http_eof (LoftyHttp *http); /* the server closed the connection: LOFTY_DONE or a failure */
const LoftyHttpHead *lofty_http_head (const LoftyHttp *http);
LoftySpan lofty_http_body (const LoftyHttp *http); /* decoded */
int lofty_http_reusable (
    const LoftyHttp *http); /* the connection can be used for another request */
const char *lofty_http_problem (const LoftyHttp *http);

#endif
