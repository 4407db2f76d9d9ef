/*
** http1.h - whole HTTP/1.1 responses: head, framing and gunzip.
*/
#ifndef LOFTY_HTTP1_H
#define LOFTY_HTTP1_H

#include "head.h"

typedef struct LoftyHttp LoftyHttp;

/* One response: head, framing, gunzip. is_head: it answers a HEAD request. */
LoftyHttp *lofty_http_new (size_t max_head, size_t max_body, int is_head); /* NULL: no memory */
void lofty_http_free (LoftyHttp *http);                                    /* NULL is fine */
/* For the next answer, over the same memory; a large body's is given back. */
void lofty_http_reset (LoftyHttp *http, size_t max_head, size_t max_body, int is_head);
/* As for a head. *used < size with LOFTY_DONE: bytes that no request asked for. */
LoftyCode lofty_http_feed (LoftyHttp *http, const char *bytes, size_t size, size_t *used);
LoftyCode lofty_http_eof (LoftyHttp *http); /* the peer closed: LOFTY_DONE or a failure */
const LoftyHttpHead *lofty_http_head (const LoftyHttp *http);
LoftySpan lofty_http_body (const LoftyHttp *http); /* decoded */
int lofty_http_reusable (const LoftyHttp *http);   /* the connection may carry another request */
const char *lofty_http_problem (const LoftyHttp *http);

#endif
