/* SPDX-License-Identifier: MIT */
/*
** http.c - out-of-memory cases of head.c, http1.c and gunzip.c: responses that use every
** allocation in them.
*/
#include <string.h>

#include "core/http1.h"
#include "torture.h"

#define GZIP_TEXT "hello, gzip"
static const char gzip[] =
    "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\x48\xaf\xca\x2c"
    "\0\0\x4a\x9b\xb1\x5c\x0b\0\0";
#define GZIP_SIZE (sizeof(gzip)) /* the literal's NUL is the last byte of the length */

/* Feeds a response in pieces of seven bytes and checks its body if that succeeds. */
static LoftyCode read_response (const char *head, const char *bytes, size_t size,
                                const char *body) {
  LoftyHttp *http = lofty_http_new(10000, 10000, 0);
  LoftyCode code = LOFTY_MORE;
  size_t used, at;
  LoftySpan got;
  if (!http) return LOFTY_NO_MEMORY;
  for (at = 0; at < strlen(head) && code == LOFTY_MORE; at += 7) {
    size_t left = strlen(head) - at;
    code = lofty_http_feed(http, head + at, left < 7 ? left : 7, &used);
  }
  for (at = 0; at < size && code == LOFTY_MORE; at += 7)
    code = lofty_http_feed(http, bytes + at, size - at < 7 ? size - at : 7, &used);
  if (code > LOFTY_DONE)
    torture_check(lofty_http_feed(http, "x", 1, &used) == code); /* later calls fail, too */
  else {
    torture_check(code == LOFTY_DONE);
    got = lofty_http_body(http);
    torture_check(got.size == strlen(body) && memcmp(got.data, body, got.size) == 0);
    code = LOFTY_OK;
  }
  lofty_http_free(http);
  return code;
}

static LoftyCode torture_plain (void) {
  return read_response("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-A: 3\r\nContent-Length: 5\r\n\r\n",
                       "hello", 5, "hello");
}

static LoftyCode torture_chunked (void) {
  static const char chunks[] = "5\r\nhello\r\n6\r\n again\r\n0\r\nX-T: 1\r\n\r\n";
  return read_response(
      "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      chunks, sizeof(chunks) - 1, "hello again");
}

static LoftyCode torture_gzip (void) {
  return read_response("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 31\r\n\r\n",
                       gzip, GZIP_SIZE, GZIP_TEXT);
}

const TortureCase torture_http[] = {
    {"http plain", torture_plain},
    {"http chunked", torture_chunked},
    {"http gzip", torture_gzip},
    {NULL, NULL},
};
