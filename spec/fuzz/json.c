/*
** json.c - libFuzzer target for src/core/json.c and src/core/number.c: no byte read out
** of bounds, and what was read is read the same again after being written.
**   clang -g -fsanitize=fuzzer,address,undefined -Isrc spec/fuzz/json.c src/core/json.c src/core/number.c src/core/buf.c
*/
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/number.h"

static void demand (int truth) {
  if (!truth) abort();
}

static void check_string (LoftySpan text) {
  char *bytes =
      (char *)malloc(text.size ? text.size : 1); /* exact, so that ASan sees a step too far */
  LoftyBuf out;
  LoftyJson again;
  LoftySpan span;
  size_t at = 0;
  demand(bytes != NULL);
  span.data = bytes;
  span.size = lofty_json_unescape(text, bytes);
  demand(span.size <= text.size);
  lofty_buf_init(&out, LOFTY_MAX_REQUEST);
  demand(lofty_json_string(&out, span, &at) == LOFTY_OK);
  {
    LoftySpan written = {out.data, out.size};
    lofty_json_init(&again, written);
    demand(lofty_json_next(&again) == LOFTY_JSON_STRING);
  }
  {
    char *second = (char *)malloc(again.text.size ? again.text.size : 1);
    demand(second != NULL);
    demand(lofty_json_unescape(again.text, second) == span.size);
    demand(memcmp(second, bytes, span.size) == 0);
    free(second);
  }
  demand(lofty_json_next(&again) == LOFTY_JSON_END);
  lofty_buf_free(&out);
  free(bytes);
}

static void check_real (double value) {
  char text[LOFTY_NUMBER_TEXT];
  LoftySpan span;
  span.data = text;
  span.size = lofty_real_text(value, text);
  demand(span.size <= sizeof(text));
  demand(lofty_real(span) == value && !signbit(lofty_real(span)) == !signbit(value));
}

static void check_integer (const LoftyJson *json) {
  char text[LOFTY_NUMBER_TEXT];
  if (!json->fits) return;
  demand(lofty_integer_text(json->integer, text) == json->text.size);
  demand(memcmp(text, json->text.data, json->text.size) == 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *copy = (char *)malloc(size ? size : 1);
  LoftyJson json;
  LoftyJsonEvent event;
  LoftySpan span;
  demand(copy != NULL);
  if (size) memcpy(copy, data, size);
  span.data = copy;
  span.size = size;
  lofty_json_init(&json, span);
  do {
    event = lofty_json_next(&json);
    if (event == LOFTY_JSON_STRING || event == LOFTY_JSON_NAME) check_string(json.text);
    if (event == LOFTY_JSON_REAL) check_real(json.real);
    if (event == LOFTY_JSON_INTEGER) check_integer(&json);
    demand(json.begin <= json.at && json.at <= json.end);
  } while (event > LOFTY_JSON_END);
  demand((event == LOFTY_JSON_BAD) == (json.problem != NULL));
  demand(lofty_json_next(&json) == event);
  if (size >= sizeof(double)) { /* any double at all, not only what a text happens to say */
    double value;
    memcpy(&value, data, sizeof(value));
    if (isfinite(value)) check_real(value);
  }
  free(copy);
  return 0;
}
