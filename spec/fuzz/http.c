/*
** http.c - libFuzzer target for src/core/head.c, src/core/http1.c and src/core/gunzip.c: no
** byte read out of bounds, one verdict wherever the bytes are cut, and no more
** kept than was allowed.
**   clang -g -fsanitize=fuzzer,address,undefined -Isrc spec/fuzz/http.c src/core/head.c src/core/http1.c
**     src/core/gunzip.c src/core/buf.c -lz
*/
#include <stdlib.h>
#include <string.h>

#include "core/head.h"
#include "core/http1.h"

#define MAX_HEAD 2000
#define MAX_BODY 5000

static void demand (int truth) {
  if (!truth) abort();
}

/* Feeds the bytes in pieces of 'step', each in a block of its own, so that ASan sees a step too far. */
static LoftyHttp *read_answer (const char *bytes, size_t size, size_t step, int is_head, int eof,
                               LoftyCode *code) {
  LoftyHttp *http = lofty_http_new(MAX_HEAD, MAX_BODY, is_head);
  size_t at = 0;
  demand(http != NULL);
  *code = LOFTY_MORE;
  while (at < size && *code == LOFTY_MORE) {
    size_t piece = size - at < step ? size - at : step, used;
    char *copy = (char *)malloc(piece);
    demand(copy != NULL);
    memcpy(copy, bytes + at, piece);
    *code = lofty_http_feed(http, copy, piece, &used);
    demand(used <= piece && (*code != LOFTY_MORE || used == piece));
    free(copy);
    at += piece;
  }
  if (eof && *code == LOFTY_MORE) {
    *code = lofty_http_eof(http);
    demand(*code != LOFTY_MORE);
  }
  return http;
}

static void compare_fields (const LoftyHttpHead *a, const LoftyHttpHead *b) {
  LoftySpan name, value, same_name, same_value;
  size_t i = 0, j = 0, c;
  while (lofty_http_head_field(a, &i, &name, &value)) {
    demand(lofty_http_head_field(b, &j, &same_name, &same_value) && i == j);
    demand(name.size == same_name.size && memcmp(name.data, same_name.data, name.size) == 0);
    demand(value.size == same_value.size && memcmp(value.data, same_value.data, value.size) == 0);
    for (c = 0; c < value.size; c++)
      demand(value.data[c] != '\r' && value.data[c] != '\n' && value.data[c] != '\0');
  }
  demand(!lofty_http_head_field(b, &j, &same_name, &same_value));
}

/* What libcurl's header callback would hand over: line by line. */
static void read_lines (const char *bytes, size_t size) {
  LoftyHttpHead *head = lofty_http_head_new(MAX_HEAD, LOFTY_HTTP_CURL);
  size_t at = 0, used;
  demand(head != NULL);
  while (at < size) {
    const char *end = (const char *)memchr(bytes + at, '\n', size - at);
    size_t line = end ? (size_t)(end - (bytes + at)) + 1 : size - at;
    LoftyCode code = lofty_http_head_feed(head, bytes + at, line, &used);
    if (code > LOFTY_DONE) demand(code == LOFTY_NO_MEMORY || lofty_http_head_problem(head) != NULL);
    if (code == LOFTY_DONE)
      demand(lofty_http_head_done(head) && lofty_http_head_facts(head)->status >= 200);
    at += line;
  }
  compare_fields(head, head);
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
  whole = read_answer(bytes, size, size, is_head, eof, &code);
  cut = read_answer(bytes, size, (size_t)data[1] + 1, is_head, eof, &same);
  demand(code == same);
  demand(lofty_http_head_done(lofty_http_head(whole)) ==
         lofty_http_head_done(lofty_http_head(cut)));
  body = lofty_http_body(whole);
  other = lofty_http_body(cut);
  demand(body.size <= MAX_BODY);
  if (code == LOFTY_DONE) {
    demand(body.size == other.size && memcmp(body.data, other.data, body.size) == 0);
    compare_fields(lofty_http_head(whole), lofty_http_head(cut));
  }
  if (code > LOFTY_DONE)
    demand(lofty_http_problem(whole) &&
           strcmp(lofty_http_problem(whole), lofty_http_problem(cut)) == 0 &&
           !lofty_http_reusable(whole));
  lofty_http_free(whole);
  lofty_http_free(cut);
  read_lines(bytes, size);
  return 0;
}
