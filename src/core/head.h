/*
** head.h - heads of HTTP responses (RFC 9112), parsed strictly.
*/
#ifndef LOFTY_HEAD_H
#define LOFTY_HEAD_H

#include "common.h"

typedef enum {
  LOFTY_HTTP_WIRE, /* bytes as they come from a connection */
  LOFTY_HTTP_CURL  /* lines as libcurl's header callback hands them: "HTTP/2 200" is allowed too */
} LoftyHttpFrom;
typedef enum { LOFTY_CODING_NONE, LOFTY_CODING_GZIP } LoftyCoding;

/* What a whole head said. */
typedef struct LoftyHttpFacts {
  int status;
  int http2;
  int chunked;     /* Transfer-Encoding: chunked */
  int has_length;  /* Content-Length was there */
  uint64_t length; /* its value */
  LoftyCoding coding;
  int keep_alive; /* the connection may serve again, as far as the head can tell */
} LoftyHttpFacts;

typedef struct LoftyHttpHead LoftyHttpHead;

/* The byte in lower case if it may be part of a token (RFC 9110, section 5.6.2), else NUL. */
char lofty_tchar (char c);

/* max counts all the bytes of the head: 1xx heads before it and trailers after it too. */
LoftyHttpHead *lofty_http_head_new (size_t max, LoftyHttpFrom from); /* NULL: no memory */
void lofty_http_head_free (LoftyHttpHead *head);                     /* NULL is fine */
void lofty_http_head_reset (LoftyHttpHead *head, size_t max);        /* for the next answer */
/*
** LOFTY_MORE, LOFTY_DONE (the empty line was seen; bytes fed after it are trailers, judged and
** counted but not kept) or a failure, which sticks. *used is how many bytes were taken: feed
** stops at the end of the head, and at the empty line that ends the trailers.
*/
LoftyCode lofty_http_head_feed (LoftyHttpHead *head, const char *bytes, size_t size, size_t *used);
int lofty_http_head_done (const LoftyHttpHead *head); /* the empty line after the fields was seen */
int lofty_http_head_ended (
    const LoftyHttpHead *head); /* the empty line after the trailers was seen */
const LoftyHttpFacts *lofty_http_head_facts (const LoftyHttpHead *head); /* valid once done */
size_t lofty_http_head_lines (const LoftyHttpHead *head); /* at least as many as there are names */
/*
** The next field, in the order of arrival: *index starts as 0 and is moved on. Names are in lower
** case, values of repeated names joined by ", ". Returns 0 when there are no more.
*/
int lofty_http_head_field (const LoftyHttpHead *head, size_t *index, LoftySpan *name,
                           LoftySpan *value);
const char *lofty_http_head_problem (const LoftyHttpHead *head); /* plain words, NULL if none */

#endif
