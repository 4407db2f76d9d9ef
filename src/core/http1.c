/*
** http1.c - a whole response of HTTP/1.1 (RFC 9112), fed piece by piece: the
** head is head.c's, the framing of the body and its gunzip are done here.
*/
#include <string.h>

#include "http1.h"
#include "ascii.h"
#include "buf.h"
#include "gunzip.h"
#include "limits.h"

#define MAX_CHUNK_DIGITS 15           /* hexadecimal; 60 bits */
#define KEPT_BODY ((size_t)64 * 1024) /* the most memory for a body that a reset keeps */

typedef enum {
  HTTP_HEAD,
  HTTP_LENGTH,      /* 'left' bytes of body to come */
  HTTP_CLOSE,       /* a body that ends with the connection */
  HTTP_CHUNK_SIZE,  /* the hexadecimal digits */
  HTTP_CHUNK_SKIP,  /* the extensions, up to CR */
  HTTP_CHUNK_BEGIN, /* the LF of the size line */
  HTTP_CHUNK_DATA,  /* 'left' bytes */
  HTTP_CHUNK_CR,
  HTTP_CHUNK_LF,
  HTTP_TRAILERS,
  HTTP_END
} HttpState;

struct LoftyHttp {
  LoftyHttpHead *head;
  LoftyGunzip *inflate; /* made when a head says gzip */
  LoftyBuf body;        /* decoded */
  HttpState state;
  LoftyCode code;
  const char *problem;
  uint64_t left;
  size_t digits; /* of the chunk size */
  size_t line;   /* bytes of the chunk's size line */
  int is_head;
  int any;     /* body bytes were there */
  int surplus; /* bytes after the end */
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
  if (body.capacity > KEPT_BODY || body.capacity > max_body) lofty_buf_free(&body);
  lofty_buf_clear(&body);
  body.max = max_body;
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

/* The framing said that the body is complete; a gzip body must say so too. */
static void http_finish (LoftyHttp *http) {
  http->state = HTTP_END;
  if (http->inflate && http->any &&
      lofty_gunzip_feed(http->inflate, &http->body, "", 0) != LOFTY_DONE)
    http_fail(http, LOFTY_BAD, "the gzip body was cut short");
  else
    http->code = LOFTY_DONE;
}

static void http_data (LoftyHttp *http, const char *bytes, size_t size) {
  LoftyCode code;
  if (size == 0) return;
  http->any = 1;
  code = http->inflate ? lofty_gunzip_feed(http->inflate, &http->body, bytes, size)
                       : lofty_buf_add(&http->body, bytes, size);
  if (code == LOFTY_TOO_LONG)
    http_fail(http, code, "the body of the answer is longer than max_body");
  else if (code == LOFTY_BAD)
    http_fail(http, code, "the gzip body is damaged");
  else if (code == LOFTY_NO_MEMORY)
    http_fail(http, code, NULL);
}

/* 'size' bytes of body are announced: what cannot fit is refused before it is read. */
static int http_announce (LoftyHttp *http, uint64_t size) {
  http->left = size;
  if (http->inflate || size <= http->body.max - http->body.size) return 1;
  http_fail(http, LOFTY_TOO_LONG, "the body of the answer is longer than max_body");
  return 0;
}

/* How the body is framed (RFC 9112, section 6.3). */
static void http_begin (LoftyHttp *http) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(http->head);
  if (http->is_head || facts->status == 204 || facts->status == 304) {
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
  else if (http_announce(http, facts->length)) {
    http->state = HTTP_LENGTH;
    if (http->left == 0) http_finish(http);
  }
}

/*
** One byte of "5;name=value" CR LF (RFC 9112, section 7.1). Only digits: no
** sign, no "0x", no space. Extensions are skipped and bounded (7.1.1).
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

/* The LF of a size line: a last chunk, or data. */
static void chunk_begin (LoftyHttp *http) {
  http->digits = 0;
  http->line = 0;
  if (http->left == 0)
    http->state = HTTP_TRAILERS;
  else if (http_announce(http, http->left))
    http->state = HTTP_CHUNK_DATA;
}

static void chunk_mark (LoftyHttp *http, char c) {
  char expected = http->state == HTTP_CHUNK_CR ? '\r' : '\n';
  if (c != expected) {
    http_fail(http, LOFTY_BAD, "a chunk does not end where it said");
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

/* The head or the trailers; returns how many bytes were taken. */
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

/* Takes what the present state can take; returns how many bytes that were. */
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
    default: chunk_mark(http, *bytes); return 1;
  }
}

LoftyCode lofty_http_feed (LoftyHttp *http, const char *bytes, size_t size, size_t *used) {
  *used = 0;
  while (http->code == LOFTY_MORE && *used < size)
    *used += http_step(http, bytes + *used, size - *used);
  if (http->code == LOFTY_DONE && *used < size) http->surplus = 1;
  return http->code;
}

LoftyCode lofty_http_eof (LoftyHttp *http) {
  if (http->code != LOFTY_MORE) return http->code;
  if (http->state == HTTP_CLOSE) {
    if (http->inflate && !http->any) /* no gzip is empty, and no length said that nothing comes */
      return http_fail(http, LOFTY_BAD, "the gzip body was cut short");
    http_finish(http);
    return http->code;
  }
  if (http->state != HTTP_HEAD)
    return http_fail(http, LOFTY_BAD, "the connection broke in the middle of the body");
  return http_fail(http, LOFTY_BAD, "the connection was closed before the whole head had come");
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
  return http->code == LOFTY_DONE && !http->surplus && facts->keep_alive &&
         (facts->chunked || facts->has_length || http->is_head || facts->status == 204 ||
          facts->status == 304);
}

const char *lofty_http_problem (const LoftyHttp *http) {
  return http->problem;
}
