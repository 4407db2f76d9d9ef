/* SPDX-License-Identifier: MIT */
/*
** json.c - libFuzzer target for src/core/json.c and src/core/number.c: no read out of bounds,
** encoded values decode to the same values, and repair fixes strings and changes nothing else.
** `make fuzz` builds and runs it.
*/
#include <math.h>

#include "core/buf.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/number.h"
#include "fuzz.h"

static void check_string (LoftySpan text) {
  char *bytes = exact_block(text.size);
  LoftyBuf out;
  LoftyJson again;
  LoftySpan span;
  size_t at = 0;
  span.data = bytes;
  span.size = lofty_json_unescape(text, bytes);
  require(span.size <= text.size);
  lofty_buf_init(&out, LOFTY_MAX_REQUEST);
  require(lofty_json_string(&out, span, &at) == LOFTY_OK);
  {
    LoftySpan written = {out.data, out.size};
    lofty_json_init(&again, written);
    require(lofty_json_next(&again) == LOFTY_JSON_STRING);
  }
  {
    char *second = exact_block(again.text.size);
    require(lofty_json_unescape(again.text, second) == span.size);
    require(memcmp(second, bytes, span.size) == 0);
    free(second);
  }
  require(lofty_json_next(&again) == LOFTY_JSON_END);
  lofty_buf_free(&out);
  free(bytes);
}

static void check_real (double value) {
  char text[LOFTY_NUMBER_TEXT];
  LoftySpan span;
  span.data = text;
  span.size = lofty_real_text(value, text);
  require(span.size <= sizeof(text));
  require(lofty_real(span) == value && !signbit(lofty_real(span)) == !signbit(value));
}

static void check_integer (const LoftyJson *json) {
  char text[LOFTY_NUMBER_TEXT];
  if (!json->fits) return;
  require(lofty_integer_text(json->integer, text) == json->text.size);
  require(memcmp(text, json->text.data, json->text.size) == 0);
}

/* True if a text is invalid for a reason that repair removes. */
static int is_repairable (const char *problem) {
  static const char *const problems[] = {
      "invalid UTF-8", "an unescaped control character in a string",
      "an unknown escape in a string", "\\u without four hex digits",
      "an unpaired surrogate in a string"};
  size_t i;
  for (i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
    if (strcmp(problem, problems[i]) == 0) return 1;
  return 0;
}

/*
** Repair does not change a valid text. No error that it removes is left, repairing again
** changes nothing, and the result is at most three times as long, six times where control
** characters are escaped.
*/
static void check_repair (LoftySpan in) {
  LoftyBuf once, twice;
  LoftyJson json;
  LoftyJsonEvent event, repaired;
  LoftySpan span;
  lofty_buf_init(&once, LOFTY_MAX_REQUEST);
  lofty_buf_init(&twice, LOFTY_MAX_REQUEST);
  require(lofty_json_repair(&once, in) == LOFTY_OK);
  require(once.size <= 6 * in.size);
  span.data = once.data;
  span.size = once.size;
  require(lofty_json_repair(&twice, span) == LOFTY_OK);
  require(twice.size == once.size);
  require(once.size == 0 || memcmp(twice.data, once.data, once.size) == 0);
  lofty_json_init(&json, in);
  do event = lofty_json_next(&json);
  while (event > LOFTY_JSON_END);
  if (event == LOFTY_JSON_END)
    require(once.size == in.size && memcmp(once.data, in.data, in.size) == 0);
  lofty_json_init(&json, span);
  do repaired = lofty_json_next(&json);
  while (repaired > LOFTY_JSON_END);
  require(event != LOFTY_JSON_END || repaired == LOFTY_JSON_END);
  require(repaired == LOFTY_JSON_END || !is_repairable(json.problem));
  lofty_buf_free(&once);
  lofty_buf_free(&twice);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *copy = exact_copy(data, size);
  LoftyJson json;
  LoftyJsonEvent event;
  LoftySpan span;
  span.data = copy;
  span.size = size;
  lofty_json_init(&json, span);
  do {
    event = lofty_json_next(&json);
    if (event == LOFTY_JSON_STRING || event == LOFTY_JSON_NAME) check_string(json.text);
    if (event == LOFTY_JSON_REAL) check_real(json.real);
    if (event == LOFTY_JSON_INTEGER) check_integer(&json);
    require(json.begin <= json.at && json.at <= json.end);
  } while (event > LOFTY_JSON_END);
  require((event == LOFTY_JSON_BAD) == (json.problem != NULL));
  require(lofty_json_next(&json) == event);
  check_repair(span);
  if (size >= sizeof(double)) { /* any double, not only those in the text */
    double value;
    memcpy(&value, data, sizeof(value));
    if (isfinite(value)) check_real(value);
  }
  free(copy);
  return 0;
}
