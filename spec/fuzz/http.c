/* SPDX-License-Identifier: MIT */
/*
** http.c - libFuzzer target for src/core/head.c, src/core/http1.c and src/core/gunzip.c: no read
** out of bounds, the same result wherever the input is split, no body above the limit, and
** Content-Length as a second, simple parser reads it.
** `make fuzz` builds and runs it.
*/
#include "core/ascii.h"
#include "core/head.h"
#include "core/http1.h"
#include "fuzz.h"

#define MAX_HEAD 2000
#define MAX_BODY 5000

/* Feeds the bytes in pieces of 'step', each in its own allocation, so that ASan detects an overrun. */
static LoftyHttp *read_response (const char *bytes, size_t size, size_t step, int is_head, int eof,
                                 LoftyCode *code) {
  LoftyHttp *http = lofty_http_new(MAX_HEAD, MAX_BODY, is_head);
  size_t at = 0;
  require(http != NULL);
  *code = LOFTY_MORE;
  while (at < size && *code == LOFTY_MORE) {
    size_t piece = size - at < step ? size - at : step, used;
    char *copy = exact_copy(bytes + at, piece);
    *code = lofty_http_feed(http, copy, piece, &used);
    require(used <= piece && (*code != LOFTY_MORE || used == piece));
    free(copy);
    at += piece;
  }
  if (eof && *code == LOFTY_MORE) {
    *code = lofty_http_eof(http);
    require(*code != LOFTY_MORE);
  }
  return http;
}

static void compare_fields (const LoftyHttpHead *a, const LoftyHttpHead *b) {
  LoftySpan name, value, same_name, same_value;
  size_t i = 0, j = 0, c;
  while (lofty_http_head_field(a, &i, &name, &value)) {
    require(lofty_http_head_field(b, &j, &same_name, &same_value) && i == j);
    require(name.size == same_name.size && memcmp(name.data, same_name.data, name.size) == 0);
    require(value.size == same_value.size && memcmp(value.data, same_value.data, value.size) == 0);
    for (c = 0; c < value.size; c++)
      require(value.data[c] != '\r' && value.data[c] != '\n' && value.data[c] != '\0');
  }
  require(!lofty_http_head_field(b, &j, &same_name, &same_value));
}

/* Feeds line by line, as libcurl's header callback does. */
static void read_lines (const char *bytes, size_t size) {
  LoftyHttpHead *head = lofty_http_head_new(MAX_HEAD, LOFTY_HTTP_CURL);
  size_t at = 0, used;
  require(head != NULL);
  while (at < size) {
    const char *end = (const char *)memchr(bytes + at, '\n', size - at);
    size_t line = end ? (size_t)(end - (bytes + at)) + 1 : size - at;
    LoftyCode code = lofty_http_head_feed(head, bytes + at, line, &used);
    if (code > LOFTY_DONE)
      require(code == LOFTY_NO_MEMORY || lofty_http_head_problem(head) != NULL);
    if (code == LOFTY_DONE)
      require(lofty_http_head_done(head) && lofty_http_head_facts(head)->status >= 200);
    at += line;
  }
  compare_fields(head, head);
  lofty_http_head_free(head);
}

/*
** Reads a Content-Length (RFC 9110, section 8.6): a list of decimal numbers from 0 to
** INT64_MAX that are all the same. Returns 0 if it is anything else.
*/
static int read_length (const char *value, size_t size, uint64_t *length) {
  size_t i = 0, items = 0;
  for (;;) {
    uint64_t number = 0;
    size_t digits = 0;
    while (i < size && (value[i] == ' ' || value[i] == '\t')) i++;
    for (; i < size && lofty_is_digit(value[i]); i++, digits++) {
      if (number > ((uint64_t)INT64_MAX - (uint64_t)(value[i] - '0')) / 10) return 0;
      number = number * 10 + (uint64_t)(value[i] - '0');
    }
    while (i < size && (value[i] == ' ' || value[i] == '\t')) i++;
    if (digits == 0 || (items > 0 && number != *length)) return 0;
    *length = number;
    items++;
    if (i == size) return 1;
    if (value[i++] != ',') return 0;
  }
}

/* Compares the parser's Content-Length with that of read_length. */
static void check_length (const char *value, size_t size) {
  static const char before[] = "HTTP/1.1 200 OK\r\nContent-Length:", after[] = "\r\n\r\n";
  LoftyHttpHead *head;
  uint64_t length = 0;
  size_t used, i;
  int valid;
  if (size > MAX_HEAD / 2) return;
  for (i = 0; i < size; i++)
    if ((unsigned char)value[i] < 0x20 && value[i] != '\t') return;
  valid = read_length(value, size, &length);
  head = lofty_http_head_new(MAX_HEAD, LOFTY_HTTP_WIRE);
  require(head != NULL);
  (void)lofty_http_head_feed(head, before, sizeof(before) - 1, &used);
  (void)lofty_http_head_feed(head, value, size, &used);
  require((lofty_http_head_feed(head, after, sizeof(after) - 1, &used) == LOFTY_DONE) == valid);
  if (valid) {
    const LoftyHttpFacts *facts = lofty_http_head_facts(head);
    require(facts->has_length && facts->length == length);
  }
  lofty_http_head_free(head);
}

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size) {
  const char *bytes = (const char *)data + 2;
  LoftyCode code, same;
  LoftyHttp *whole, *cut;
  LoftySpan body, other;
  int is_head, eof;
  if (size < 3) return 0;
  is_head = (data[0] & 7) == 7;
  eof = data[0] & 8;
  size -= 2;
  whole = read_response(bytes, size, size, is_head, eof, &code);
  cut = read_response(bytes, size, (size_t)data[1] + 1, is_head, eof, &same);
  require(code == same);
  require(lofty_http_head_done(lofty_http_head(whole)) ==
          lofty_http_head_done(lofty_http_head(cut)));
  body = lofty_http_body(whole);
  other = lofty_http_body(cut);
  require(body.size <= MAX_BODY);
  if (code == LOFTY_DONE) {
    require(body.size == other.size && memcmp(body.data, other.data, body.size) == 0);
    compare_fields(lofty_http_head(whole), lofty_http_head(cut));
  }
  if (code > LOFTY_DONE)
    require(lofty_http_problem(whole) &&
            strcmp(lofty_http_problem(whole), lofty_http_problem(cut)) == 0 &&
            !lofty_http_reusable(whole));
  lofty_http_free(whole);
  lofty_http_free(cut);
  read_lines(bytes, size);
  check_length(bytes, size);
  return 0;
}
