/*
** json.h - a pull parser for JSON (RFC 8259), and string output.
*/
#ifndef LOFTY_JSON_H
#define LOFTY_JSON_H

#include "buf.h"
#include "limits.h"

typedef enum {
  LOFTY_JSON_BAD,
  LOFTY_JSON_END, /* the whole text was read */
  LOFTY_JSON_NULL,
  LOFTY_JSON_FALSE,
  LOFTY_JSON_TRUE,
  LOFTY_JSON_INTEGER, /* no fraction, no exponent: text, digits, fits and then integer */
  LOFTY_JSON_REAL,    /* text, real */
  LOFTY_JSON_STRING,  /* text, escaped */
  LOFTY_JSON_NAME,    /* of an object's member, its value comes next: text, escaped */
  LOFTY_JSON_ARRAY,   /* opens, ... */
  LOFTY_JSON_OBJECT,  /* ... until the CLOSE that belongs to it */
  LOFTY_JSON_CLOSE
} LoftyJsonEvent;

/* A text being read. It stays the caller's, must outlive this, and needs no NUL. */
typedef struct LoftyJson {
  const unsigned char *begin, *at, *end;
  const char *problem; /* what is wrong at 'at', in plain words; NULL until then */
  LoftySpan text;      /* a number's bytes, or a string's between its quotes, as they stand */
  int escaped;         /* the string holds backslashes: see lofty_json_unescape */
  int fits;            /* the integer is in 'integer' */
  int64_t integer;
  double real;
  size_t digits; /* how many the integer has */
  int state;
  int depth;
  unsigned char closers[LOFTY_MAX_DEPTH];
} LoftyJson;

void lofty_json_init (LoftyJson *json, LoftySpan text);
LoftyJsonEvent lofty_json_next (LoftyJson *json);
/* For a text that lofty_json_next gave; 'out' has room for its size. */
size_t lofty_json_unescape (LoftySpan text, char *out);
/* Adds a copy whose strings hold valid characters only; see json.c. At most three times as long. */
LoftyCode lofty_json_repair (LoftyBuf *out, LoftySpan in);
/* LOFTY_BAD: not UTF-8, *at is the offset of the first wrong byte. */
LoftyCode lofty_json_string (LoftyBuf *out, LoftySpan in, size_t *at);

#endif
