/* SPDX-License-Identifier: MIT */
/*
** head.h - a strict parser for the head of an HTTP response (RFC 9112).
*/
#ifndef LOFTY_HEAD_H
#define LOFTY_HEAD_H

#include "common.h"

typedef enum {
  LOFTY_HTTP_WIRE, /* raw bytes from a connection */
  LOFTY_HTTP_CURL  /* lines from libcurl's header callback; also accepts "HTTP/2 200" */
} LoftyHttpFrom;
typedef enum { LOFTY_CODING_NONE, LOFTY_CODING_GZIP } LoftyCoding;

/* What a complete head says about the response and the connection. */
typedef struct LoftyHttpFacts {
  int status;
  int http2;
  int chunked;     /* Transfer-Encoding: chunked */
  int has_length;  /* has Content-Length */
  uint64_t length; /* its value */
  LoftyCoding coding;
  int keep_alive; /* the head does not say that the connection closes (RFC 9112, section 9.3) */
} LoftyHttpFacts;

/* True if the response has no body, whatever its head says (RFC 9112, section 6.3, rule 1). */
static inline int lofty_http_bodyless (const LoftyHttpFacts *facts, int is_head) {
  return is_head || facts->status == 204 || facts->status == 304;
}

typedef struct LoftyHttpHead LoftyHttpHead;

int lofty_is_token (const char *bytes,
                    size_t size); /* true if the bytes are a token (RFC 9110, section 5.6.2) */
/* True if a field's value may have these bytes: field-vchar, SP and HTAB (RFC 9110, section 5.5). */
int lofty_is_field_value (const char *bytes, size_t size);
/* Case-insensitive comparison, independent of the locale; 'lower' is a token in lower case. */
int lofty_token_equals (const char *bytes, size_t size, const char *lower);

/* max: bytes in all, interim (1xx) heads and trailers included. */
LoftyHttpHead *lofty_http_head_new (size_t max, LoftyHttpFrom from); /* NULL: no memory */
void lofty_http_head_free (LoftyHttpHead *head);                     /* NULL is fine */
void lofty_http_head_reset (LoftyHttpHead *head, size_t max);        /* for the next response */
/*
** Returns LOFTY_MORE, LOFTY_DONE (the head is complete; bytes fed from then on are trailers, which
** are checked and counted but not stored) or a failure, which every later call returns again. *used
** is the number of bytes consumed: parsing stops after the head and after the trailers.
*/
LoftyCode lofty_http_head_feed (LoftyHttpHead *head, const char *bytes, size_t size, size_t *used);
int lofty_http_head_done (const LoftyHttpHead *head);  /* the head is complete */
int lofty_http_head_ended (const LoftyHttpHead *head); /* the trailers are complete */
const LoftyHttpFacts *lofty_http_head_facts (const LoftyHttpHead *head); /* valid once done */
size_t
lofty_http_head_lines (const LoftyHttpHead *head); /* field lines; at least the number of names */
/*
** Iterates over the fields in the order of their first lines: *index starts at 0 and is advanced.
** Names are in lower case, values of repeated names are joined by ", ". Returns 0 at the end.
*/
int lofty_http_head_field (const LoftyHttpHead *head, size_t *index, LoftySpan *name,
                           LoftySpan *value);
const char *lofty_http_head_problem (const LoftyHttpHead *head); /* a message, or NULL */

#endif
