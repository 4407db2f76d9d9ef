/* SPDX-License-Identifier: MIT */
/*
** json.h - a pull parser for JSON (RFC 8259), repair and output of strings.
*/
#ifndef LOFTY_JSON_H
#define LOFTY_JSON_H

#include "buf.h"
#include "limits.h"

typedef enum {
  LOFTY_JSON_BAD,
  LOFTY_JSON_END, /* the text is complete */
  LOFTY_JSON_NULL,
  LOFTY_JSON_FALSE,
  LOFTY_JSON_TRUE,
  LOFTY_JSON_INTEGER, /* sets text, digits, fits, and integer if it fits */
  LOFTY_JSON_REAL,    /* has a fraction or an exponent: sets text, real */
  LOFTY_JSON_STRING,  /* sets text, escaped */
  LOFTY_JSON_NAME,    /* a member's name, before its value: sets text, escaped */
  LOFTY_JSON_ARRAY,   /* the start of an array */
  LOFTY_JSON_OBJECT,  /* the start of an object */
  LOFTY_JSON_CLOSE    /* the end of the innermost array or object */
} LoftyJsonEvent;

/* The state of a parser. The text is borrowed: it must outlive the parser; it needs no NUL. */
typedef struct LoftyJson {
  const unsigned char *begin, *at, *end;
  const char *problem; /* the error at 'at'; NULL if there is none */
  LoftySpan text;      /* the bytes of a number, or of a string without its quotes */
  int escaped;         /* the string has escapes: decode it with lofty_json_unescape */
  int fits;            /* the number fits in 64 bits: 'integer' is set */
  int64_t integer;
  double real;
  size_t digits; /* number of digits of the integer */
  int state;
  int depth;
  unsigned char closers[LOFTY_MAX_DEPTH];
} LoftyJson;

void lofty_json_init (LoftyJson *json, LoftySpan text);
LoftyJsonEvent lofty_json_next (LoftyJson *json);
/* Decodes the escapes of json->text; 'out' needs text.size bytes. Returns the decoded size. */
size_t lofty_json_unescape (LoftySpan text, char *out);
/* Appends a copy in which all strings are valid (see json.c): at most six times as long. */
LoftyCode lofty_json_repair (LoftyBuf *out, LoftySpan in);
/* Appends a string in quotes. LOFTY_BAD: not UTF-8, *at is the first invalid byte. */
LoftyCode lofty_json_string (LoftyBuf *out, LoftySpan in, size_t *at);

#endif
