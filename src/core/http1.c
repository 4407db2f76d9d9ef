/* SPDX-License-Identifier: MIT */
/*
** http1.c - an incremental parser for whole HTTP/1.1 responses (RFC 9112): head.c
** parses the head, this file the body's framing and content coding.
*/
#include <string.h>

#include "http1.h"
#include "ascii.h"
#include "buf.h"
#include "gunzip.h"
#include "limits.h"

#define MAX_CHUNK_DIGITS 15             /* hexadecimal; 60 bits */
#define REUSED_BODY ((size_t)64 * 1024) /* largest body buffer that a reset reuses */

typedef enum {
  HTTP_HEAD,
  HTTP_LENGTH,      /* a body with Content-Length, 'left' bytes to go */
  HTTP_CLOSE,       /* a body that ends when the connection closes */
  HTTP_CHUNK_SIZE,  /* the digits of a chunk's size */
  HTTP_CHUNK_SKIP,  /* chunk extensions, up to CR */
  HTTP_CHUNK_BEGIN, /* the LF of the size line */
  HTTP_CHUNK_DATA,  /* 'left' bytes to go */
  HTTP_CHUNK_CR,
  HTTP_CHUNK_LF,
  HTTP_TRAILERS,
  HTTP_END
} HttpState;

struct LoftyHttp {
  LoftyHttpHead *head;
  LoftyGunzip *inflate; /* NULL unless the body is gzip */
  LoftyBuf body;        /* decoded */
  HttpState state;
  LoftyCode code;
  const char *problem;
  uint64_t left;
  size_t digits; /* of the chunk size */
  size_t line;   /* bytes of the chunk's size line */
  int is_head;
  int got_body;       /* at least one byte of the body was fed */
  int trailing_bytes; /* there were bytes after the end of the response */
};

static LoftyCode http_fail (LoftyHttp *http, LoftyCode code, const char *problem) {
  http->problem = problem;
  return http->code = code;
}

LoftyHttp *lofty_http_new (size_t max_head, size_t max_body, int is_head) {
  LoftyHttp *http = (LoftyHttp *)lofty_realloc(NULL, sizeof(LoftyHttp));
  if (!http) return NULL;
  memset(http, 0, sizeof(LoftyHttp));
  lofty_buf_init(&http->body, max_body);
  http->code = LOFTY_MORE;
  http->is_head = is_head;
  http->head = lofty_http_head_new(max_head, LOFTY_HTTP_WIRE);
  if (!http->head) {
    lofty_realloc(http, 0);
    return NULL;
  }
  return http;
}

void lofty_http_reset (LoftyHttp *http, size_t max_head, size_t max_body, int is_head) {
  LoftyHttpHead *head = http->head;
  LoftyBuf body = http->body;
  if (body.capacity > REUSED_BODY) lofty_buf_free(&body);
  lofty_buf_reuse(&body, max_body);
  lofty_gunzip_free(http->inflate);
  lofty_http_head_reset(head, max_head);
  memset(http, 0, sizeof(LoftyHttp));
  http->head = head;
  http->body = body;
  http->code = LOFTY_MORE;
  http->is_head = is_head;
}

void lofty_http_free (LoftyHttp *http) {
  if (!http) return;
  lofty_http_head_free(http->head);
  lofty_gunzip_free(http->inflate);
  lofty_buf_free(&http->body);
  lofty_realloc(http, 0);
}

/* The body is complete according to its framing; a gzip body must be complete, too. */
static void http_finish (LoftyHttp *http) {
  http->state = HTTP_END;
  if (http->inflate && http->got_body &&
      lofty_gunzip_feed(http->inflate, &http->body, "", 0) != LOFTY_DONE)
    http_fail(http, LOFTY_BAD, "the gzip body was cut short");
  else
    http->code = LOFTY_DONE;
}

static void http_data (LoftyHttp *http, const char *bytes, size_t size) {
  LoftyCode code;
  if (size == 0) return;
  http->got_body = 1;
  code = http->inflate ? lofty_gunzip_feed(http->inflate, &http->body, bytes, size)
                       : lofty_buf_add(&http->body, bytes, size);
  if (code == LOFTY_TOO_LONG)
    http_fail(http, code, "the response body is longer than max_body");
  else if (code == LOFTY_BAD)
    http_fail(http, code, "the gzip body is damaged");
  else if (code == LOFTY_NO_MEMORY)
    http_fail(http, code, NULL);
}

/* Expects 'size' more bytes of body; 0 and a failure if they exceed max_body. */
static int http_expect (LoftyHttp *http, uint64_t size) {
  http->left = size;
  if (http->inflate || size <= http->body.max - http->body.size) return 1;
  http_fail(http, LOFTY_TOO_LONG, "the response body is longer than max_body");
  return 0;
}

/* Determines the framing of the body (RFC 9112, section 6.3). */
static void http_begin (LoftyHttp *http) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(http->head);
  if (lofty_http_bodyless(facts, http->is_head)) {
    http_finish(http);
    return;
  }
  if (facts->coding == LOFTY_CODING_GZIP) {
    http->inflate = lofty_gunzip_new();
    if (!http->inflate) {
      http_fail(http, LOFTY_NO_MEMORY, NULL);
      return;
    }
  }
  if (facts->chunked)
    http->state = HTTP_CHUNK_SIZE;
  else if (!facts->has_length)
    http->state = HTTP_CLOSE;
  else if (http_expect(http, facts->length)) {
    http->state = HTTP_LENGTH;
    if (http->left == 0) http_finish(http);
  }
}

/*
** Parses one byte of a chunk's size line, such as "5;name=value" CR (RFC 9112, section 7.1).
** The size is digits only: no sign, no "0x", no space. Extensions are skipped (7.1.1).
*/
static void chunk_size (LoftyHttp *http, char c) {
  int digit = lofty_hex_value(c);
  if (++http->line > LOFTY_MAX_CHUNK_LINE) {
    http_fail(http, LOFTY_TOO_LONG, "a chunk's size line is too long");
    return;
  }
  if (http->state == HTTP_CHUNK_SIZE && digit >= 0) {
    if (++http->digits > MAX_CHUNK_DIGITS) {
      http_fail(http, LOFTY_BAD, "a chunk's size is out of range");
      return;
    }
    http->left = http->left * 16 + (uint64_t)digit;
    return;
  }
  if (http->digits > 0 && c == '\r')
    http->state = HTTP_CHUNK_BEGIN;
  else if (http->digits > 0 && (c == ';' || http->state == HTTP_CHUNK_SKIP) &&
           (c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7F)))
    http->state = HTTP_CHUNK_SKIP;
  else
    http_fail(http, LOFTY_BAD, "a chunk's size is not a hexadecimal number");
}

/* After the size line: the chunk's data, or the trailers after the last chunk. */
static void chunk_begin (LoftyHttp *http) {
  http->digits = 0;
  http->line = 0;
  if (http->left == 0)
    http->state = HTTP_TRAILERS;
  else if (http_expect(http, http->left))
    http->state = HTTP_CHUNK_DATA;
}

/* Parses the LF of a size line and the CR LF after a chunk's data. */
static void chunk_line_end (LoftyHttp *http, char c) {
  char expected = http->state == HTTP_CHUNK_CR ? '\r' : '\n';
  if (c != expected) {
    http_fail(http, LOFTY_BAD, "a chunk's size or data does not end in CR LF");
    return;
  }
  switch (http->state) {
    case HTTP_CHUNK_BEGIN: chunk_begin(http); break;
    case HTTP_CHUNK_CR: http->state = HTTP_CHUNK_LF; break;
    default:
      http->state = HTTP_CHUNK_SIZE;
      http->left = 0;
      break;
  }
}

/* Feeds the head or the trailers; returns how many bytes were consumed. */
static size_t http_lines (LoftyHttp *http, const char *bytes, size_t size) {
  size_t used;
  LoftyCode code = lofty_http_head_feed(http->head, bytes, size, &used);
  if (code > LOFTY_DONE)
    http_fail(http, code, lofty_http_head_problem(http->head));
  else if (http->state == HTTP_HEAD && code == LOFTY_DONE)
    http_begin(http);
  else if (http->state == HTTP_TRAILERS && lofty_http_head_ended(http->head))
    http_finish(http);
  return used;
}

/* Handles bytes in the current state; returns how many were consumed. */
static size_t http_step (LoftyHttp *http, const char *bytes, size_t size) {
  switch (http->state) {
    case HTTP_HEAD:
    case HTTP_TRAILERS: return http_lines(http, bytes, size);
    case HTTP_CLOSE: http_data(http, bytes, size); return size;
    case HTTP_LENGTH:
    case HTTP_CHUNK_DATA:
      if (size > http->left) size = (size_t)http->left;
      http->left -= size;
      http_data(http, bytes, size);
      if (http->left > 0 || http->code != LOFTY_MORE) return size;
      if (http->state == HTTP_LENGTH)
        http_finish(http);
      else
        http->state = HTTP_CHUNK_CR;
      return size;
    case HTTP_CHUNK_SIZE:
    case HTTP_CHUNK_SKIP: chunk_size(http, *bytes); return 1;
    default: chunk_line_end(http, *bytes); return 1;
  }
}

LoftyCode lofty_http_feed (LoftyHttp *http, const char *bytes, size_t size, size_t *used) {
  *used = 0;
  while (http->code == LOFTY_MORE && *used < size)
    *used += http_step(http, bytes + *used, size - *used);
  if (http->code == LOFTY_DONE && *used < size) http->trailing_bytes = 1;
  return http->code;
}

LoftyCode lofty_http_eof (LoftyHttp *http) {
  if (http->code != LOFTY_MORE) return http->code;
  if (http->state == HTTP_CLOSE) {
    if (http->inflate && !http->got_body) /* without a length, an empty gzip body is truncated */
      return http_fail(http, LOFTY_BAD, "the gzip body was cut short");
    http_finish(http);
    return http->code;
  }
  if (http->state != HTTP_HEAD)
    return http_fail(http, LOFTY_BAD, "the connection was closed before the body was complete");
  return http_fail(http, LOFTY_BAD,
                   "the connection was closed before the response's head was complete");
}

const LoftyHttpHead *lofty_http_head (const LoftyHttp *http) {
  return http->head;
}

LoftySpan lofty_http_body (const LoftyHttp *http) {
  LoftySpan body;
  body.data = http->body.data ? http->body.data : "";
  body.size = http->body.size;
  return body;
}

int lofty_http_reusable (const LoftyHttp *http) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(http->head);
  return http->code == LOFTY_DONE && !http->trailing_bytes && facts->keep_alive &&
         (facts->chunked || facts->has_length || lofty_http_bodyless(facts, http->is_head));
}

const char *lofty_http_problem (const LoftyHttp *http) {
  return http->problem;
}
