/* SPDX-License-Identifier: MIT */
/*
** json.c - JSON (RFC 8259): a strict pull parser that allocates and copies nothing,
** repair of invalid characters in strings, and output of strings.
*/
#include "json.h"
#include "ascii.h"
#include "number.h"

#include <math.h>
#include <string.h>

typedef const unsigned char *Bytes;

/* What the grammar allows next. */
enum { VALUE, FIRST_ITEM, FIRST_NAME, NEXT };

static const char not_closed[] = "a string is not closed";
static const char unpaired_surrogate[] = "an unpaired surrogate in a string";

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* An ASCII byte that a string may contain unescaped (RFC 8259 section 7). */
static int is_plain (unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Not zero if one of eight bytes is not plain; borrows can only mark bytes above the first one. */
static inline uint64_t special_of (uint64_t eight) {
  uint64_t quote = eight ^ (ONES * '"'), slash = eight ^ (ONES * '\\');
  return ((quote - ONES) | (slash - ONES) | (eight - ONES * 0x20) | eight) & HIGH;
}

/* The first byte that is not plain, or 'end'. Tests eight bytes at a time. */
static inline Bytes skip_plain (Bytes p, Bytes end) {
  while (end - p >= 8) {
    uint64_t eight, special;
    memcpy(&eight, p, 8);
    special = special_of(eight);
    if (special) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      return p + __builtin_ctzll(special) / 8;
#else
      break;
#endif
    }
    p += 8;
  }
  while (p < end && is_plain(*p)) p++;
  return p;
}

/*
** Size of the multi-byte character at p. 0 if it is invalid: overlong, a surrogate,
** beyond U+10FFFF or truncated (RFC 3629 section 4).
*/
static size_t utf8_size (Bytes p, Bytes end) {
  unsigned char low = 0x80, high = 0xBF;
  size_t size, i;
  if (*p < 0xC2 || *p > 0xF4) return 0;
  size = *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
  if ((size_t)(end - p) < size) return 0;
  if (*p == 0xE0) low = 0xA0;
  if (*p == 0xED) high = 0x9F;
  if (*p == 0xF0) low = 0x90;
  if (*p == 0xF4) high = 0x8F;
  if (p[1] < low || p[1] > high) return 0;
  for (i = 2; i < size; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  return size;
}

/* The four hex digits at p, or -1. */
static int read_hex4 (Bytes p, Bytes end) {
  int value = 0, i;
  if (end - p < 4) return -1;
  for (i = 0; i < 4; i++) {
    int digit = lofty_hex_value((char)p[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static LoftyJsonEvent fail (LoftyJson *json, Bytes at, const char *problem) {
  json->at = at;
  json->problem = problem;
  return LOFTY_JSON_BAD;
}

/* --- tokens --- */

/* Size of the escape at p, surrogate pairs as one; 0 and *problem if it is invalid. */
static size_t escape_size (Bytes p, Bytes end, const char **problem) {
  int unit;
  if (end - p < 2) {
    *problem = not_closed;
    return 0;
  }
  if (p[1] != 'u') {
    if (p[1] && strchr("\"\\/bfnrt", p[1])) return 2;
    *problem = "an unknown escape in a string";
    return 0;
  }
  unit = read_hex4(p + 2, end);
  if (unit < 0) {
    *problem = "\\u without four hex digits";
    return 0;
  }
  if (unit < 0xD800 || unit > 0xDFFF) return 6;
  if (unit < 0xDC00 && end - p >= 8 && p[6] == '\\' && p[7] == 'u') {
    int second = read_hex4(p + 8, end);
    if (second >= 0xDC00 && second <= 0xDFFF) return 12;
  }
  *problem = unpaired_surrogate;
  return 0;
}

/* Reads the string that starts at json->at. */
static inline LoftyJsonEvent read_string (LoftyJson *json, LoftyJsonEvent event) {
  Bytes p = json->at + 1, end = json->end;
  json->text.data = (const char *)p;
  json->escaped = 0;
  for (;;) {
    p = skip_plain(p, end);
    if (p == end) return fail(json, end, not_closed);
    if (*p == '"') break;
    if (*p == '\\') {
      const char *problem = NULL;
      size_t size = escape_size(p, end, &problem);
      if (!size) return fail(json, problem == not_closed ? end : p, problem);
      p += size;
      json->escaped = 1;
    } else if (*p < 0x20) {
      return fail(json, p, "an unescaped control character in a string");
    } else {
      size_t size = utf8_size(p, end);
      if (!size) return fail(json, p, "invalid UTF-8");
      p += size;
    }
  }
  json->text.size = (size_t)((const char *)p - json->text.data);
  json->at = p + 1;
  return event;
}

/*
** Reads the number at json->at (RFC 8259 section 6). Without fraction and exponent
** it is an integer; its value is in 'integer' if 64 bits can hold it, and its digits
** in 'text' in any case. -0 is a real, since an integer has no negative zero.
*/
static LoftyJsonEvent read_number (LoftyJson *json) {
  Bytes p = json->at, end = json->end, first;
  uint64_t magnitude = 0;
  int negative = *p == '-', fraction = 0;
  if (negative) p++;
  first = p;
  while (p < end && lofty_is_digit((char)*p)) magnitude = magnitude * 10 + (uint64_t)(*p++ - '0');
  json->digits = (size_t)(p - first);
  if (!json->digits) return fail(json, p, "a digit expected");
  if (*first == '0' && json->digits > 1) return fail(json, first, "a number with a leading zero");
  if (p < end && *p == '.') {
    fraction = 1;
    first = ++p;
    while (p < end && lofty_is_digit((char)*p)) p++;
    if (p == first) return fail(json, p, "a digit expected");
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    fraction = 1;
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    first = p;
    while (p < end && lofty_is_digit((char)*p)) p++;
    if (p == first) return fail(json, p, "a digit expected");
  }
  json->text.data = (const char *)json->at;
  json->text.size = (size_t)(p - json->at);
  if (fraction || (negative && magnitude == 0 && json->digits == 1)) {
    json->real = lofty_real(json->text);
    if (isinf(json->real)) return fail(json, json->at, "a number too large");
    json->at = p;
    return LOFTY_JSON_REAL;
  }
  json->fits = json->digits < 19 ||
               (json->digits == 19 && magnitude <= (uint64_t)INT64_MAX + (uint64_t)negative);
  if (json->fits) json->integer = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
  json->at = p;
  return LOFTY_JSON_INTEGER;
}

static LoftyJsonEvent read_literal (LoftyJson *json, const char *literal, size_t size,
                                    LoftyJsonEvent event) {
  if ((size_t)(json->end - json->at) < size || memcmp(json->at, literal, size) != 0)
    return fail(json, json->at, "a value expected");
  json->at += size;
  return event;
}

/* --- grammar --- */

/* Skips white space; returns the next byte, which is not consumed, or -1 at the end. */
static inline int peek (LoftyJson *json) {
  Bytes p = json->at, end = json->end;
  if (p != end && *p > ' ') return *p;
  while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  json->at = p;
  return p < end ? *p : -1;
}

static LoftyJsonEvent open_level (LoftyJson *json, unsigned char closer, LoftyJsonEvent event) {
  if (json->depth == LOFTY_MAX_DEPTH) return fail(json, json->at, "nested too deeply");
  json->closers[json->depth++] = closer;
  json->state = closer == '}' ? FIRST_NAME : FIRST_ITEM;
  json->at++;
  return event;
}

static LoftyJsonEvent close_level (LoftyJson *json) {
  json->depth--;
  json->state = NEXT;
  json->at++;
  return LOFTY_JSON_CLOSE;
}

static LoftyJsonEvent read_value (LoftyJson *json, int c) {
  json->state = NEXT;
  switch (c) {
    case '"': return read_string(json, LOFTY_JSON_STRING);
    case '{': return open_level(json, '}', LOFTY_JSON_OBJECT);
    case '[': return open_level(json, ']', LOFTY_JSON_ARRAY);
    case 't': return read_literal(json, "true", 4, LOFTY_JSON_TRUE);
    case 'f': return read_literal(json, "false", 5, LOFTY_JSON_FALSE);
    case 'n': return read_literal(json, "null", 4, LOFTY_JSON_NULL);
    default:
      if (c == '-' || (c >= '0' && c <= '9')) return read_number(json);
      return fail(json, json->at, c < 0 ? "the text ends too early" : "a value expected");
  }
}

/* Reads a member's name and the colon after it. */
static LoftyJsonEvent read_name (LoftyJson *json, int c) {
  if (c != '"')
    return fail(json, json->at, c < 0 ? "the text ends too early" : "a name in quotes expected");
  if (read_string(json, LOFTY_JSON_NAME) == LOFTY_JSON_BAD) return LOFTY_JSON_BAD;
  c = peek(json);
  if (c != ':') return fail(json, json->at, c < 0 ? "the text ends too early" : "\":\" expected");
  json->at++;
  json->state = VALUE;
  return LOFTY_JSON_NAME;
}

/* After a value: the end of the text, the end of its array or object, or a comma and the next item. */
static LoftyJsonEvent read_next (LoftyJson *json, int c) {
  unsigned char closer;
  if (json->depth == 0)
    return c < 0 ? LOFTY_JSON_END : fail(json, json->at, "unexpected text after the value");
  closer = json->closers[json->depth - 1];
  if (c == closer) return close_level(json);
  if (c != ',') {
    if (c < 0) return fail(json, json->at, "the text ends too early");
    return fail(json, json->at,
                closer == '}' ? "\",\" or \"}\" expected" : "\",\" or \"]\" expected");
  }
  json->at++;
  c = peek(json);
  return closer == '}' ? read_name(json, c) : read_value(json, c);
}

/* Skips a byte order mark, as RFC 8259 section 8.1 allows. */
void lofty_json_init (LoftyJson *json, LoftySpan text) {
  json->begin = json->at = (Bytes)(text.size ? text.data : "");
  json->end = json->at + text.size;
  if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) json->at += 3;
  json->problem = NULL;
  json->depth = 0;
  json->state = VALUE;
}

/*
** Returns the next event: LOFTY_JSON_END after a complete text, or LOFTY_JSON_BAD with
** 'problem' and its position 'at', and then LOFTY_JSON_BAD on every further call.
*/
LoftyJsonEvent lofty_json_next (LoftyJson *json) {
  int c;
  if (json->problem) return LOFTY_JSON_BAD;
  c = peek(json);
  switch (json->state) {
    case NEXT: return read_next(json, c);
    case FIRST_NAME: return c == '}' ? close_level(json) : read_name(json, c);
    case FIRST_ITEM: return c == ']' ? close_level(json) : read_value(json, c);
    default: return read_value(json, c);
  }
}

/* --- unescaping, repair and output of strings --- */

static char *put_utf8 (char *out, unsigned long point) {
  if (point < 0x80) {
    *out++ = (char)point;
  } else if (point < 0x800) {
    *out++ = (char)(0xC0 | (point >> 6));
    *out++ = (char)(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    *out++ = (char)(0xE0 | (point >> 12));
    *out++ = (char)(0x80 | ((point >> 6) & 0x3F));
    *out++ = (char)(0x80 | (point & 0x3F));
  } else {
    *out++ = (char)(0xF0 | (point >> 18));
    *out++ = (char)(0x80 | ((point >> 12) & 0x3F));
    *out++ = (char)(0x80 | ((point >> 6) & 0x3F));
    *out++ = (char)(0x80 | (point & 0x3F));
  }
  return out;
}

/*
** Decodes the escapes of a string that lofty_json_next returned. Returns the size of the
** result, which is never larger than that of 'text'.
*/
size_t lofty_json_unescape (LoftySpan text, char *out) {
  Bytes p = (Bytes)text.data, end = p + text.size;
  char *start = out;
  while (p < end) {
    Bytes slash = (Bytes)memchr(p, '\\', (size_t)(end - p));
    size_t run = (size_t)((slash ? slash : end) - p);
    memcpy(out, p, run);
    out += run;
    if (!slash) break;
    p = slash + 2;
    switch (slash[1]) {
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': {
        unsigned long point = (unsigned long)read_hex4(p, end);
        p += 4;
        if (point >= 0xD800 && point <= 0xDFFF) {
          point =
              0x10000 + ((point - 0xD800) << 10) + ((unsigned long)read_hex4(p + 2, end) - 0xDC00);
          p += 6;
        }
        out = put_utf8(out, point);
        break;
      }
      default: *out++ = (char)slash[1];
    }
  }
  return (size_t)(out - start);
}

static LoftyCode put_escape (LoftyBuf *out, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  static const char letters[] = "btn\0fr"; /* for 8 to 13; 11 has none */
  char text[6] = {'\\', 'u', '0', '0', '0', '0'};
  if (c == '"' || c == '\\') {
    text[1] = (char)c;
  } else if (c >= 8 && c <= 13 && c != 11) {
    text[1] = letters[c - 8];
  } else {
    text[4] = hex[c >> 4];
    text[5] = hex[c & 15];
    return lofty_buf_add(out, text, 6);
  }
  return lofty_buf_add(out, text, 2);
}

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD in UTF-8 */

/* Appends the replacement for invalid bytes at p; returns how many bytes it replaces. */
static size_t repair_character (LoftyBuf *out, Bytes p, Bytes end) {
  size_t size = 1;
  if (*p < 0x20) {
    (void)put_escape(out, *p);
    return 1;
  }
  if (*p == '\\') {
    const char *problem = NULL;
    (void)escape_size(p, end, &problem);
    if (problem == unpaired_surrogate) size = 6;
  } else if (*p == 0xED && end - p >= 3 && p[1] >= 0xA0 && p[1] <= 0xBF && (p[2] & 0xC0) == 0x80) {
    size = 3; /* an encoded surrogate: replaced as one character (RFC 3629 section 3) */
  }
  (void)lofty_buf_add(out, REPLACEMENT, 3);
  return size;
}

/*
** Appends a copy of a JSON text in which all strings are valid. U+FFFD replaces each byte that is
** not UTF-8, each unpaired surrogate, and the backslash of each unknown escape; an unescaped control
** character is escaped. Other errors stay, and lofty_json_next reports them.
*/
LoftyCode lofty_json_repair (LoftyBuf *out, LoftySpan in) {
  Bytes p = (Bytes)(in.size ? in.data : ""), end = p + in.size;
  int in_string = 0;
  while (p < end && out->status == LOFTY_OK) {
    Bytes from = p;
    const char *problem = NULL;
    size_t size;
    if (!in_string) {
      p = (Bytes)memchr(p, '"', (size_t)(end - p));
      p = p ? p + 1 : end;
      in_string = 1;
    } else {
      p = skip_plain(p, end);
      size = p == end     ? 0
             : *p == '\\' ? escape_size(p, end, &problem)
             : *p >= 0x80 ? utf8_size(p, end)
                          : 0;
      if (p < end && *p == '"') {
        size = 1;
        in_string = 0;
      }
      p += size;
      if (p == from) {
        p += repair_character(out, p, end);
        continue;
      }
    }
    (void)lofty_buf_add(out, from, (size_t)(p - from));
  }
  return out->status;
}

/* The first byte that must be escaped or is not UTF-8, or 'end'. */
static Bytes skip_text (Bytes p, Bytes end) {
  for (;;) {
    size_t size;
    p = skip_plain(p, end);
    if (p == end || *p < 0x80) return p;
    size = utf8_size(p, end);
    if (!size) return p;
    p += size;
  }
}

/*
** Copies a text if all of it is plain; returns 0 if it is not. The last 8 (or 4) bytes of a text are
** read as one word, which may overlap the word before them: most texts need no loop over bytes.
*/
static inline int copy_plain (Bytes in, size_t size, char *out) {
  size_t i;
  if (size >= 8) {
    uint64_t special = 0, eight;
    for (i = 0; i < size; i += 8) {
      if (i > size - 8) i = size - 8;
      memcpy(&eight, in + i, 8);
      special |= special_of(eight);
      memcpy(out + i, &eight, 8);
    }
    return special == 0;
  }
  if (size >= 4) {
    uint32_t first, last;
    memcpy(&first, in, 4);
    memcpy(&last, in + size - 4, 4);
    memcpy(out, &first, 4);
    memcpy(out + size - 4, &last, 4);
    return special_of((uint64_t)last << 32 | first) == 0;
  }
  for (i = 0; i < size && is_plain(in[i]); i++) out[i] = (char)in[i];
  return i == size;
}

/*
** Appends the string in quotes. LOFTY_BAD if it is not UTF-8 (RFC 8259 section 8.1):
** *at is the offset of the first invalid byte, and 'out' contains part of the string.
*/
LoftyCode lofty_json_string (LoftyBuf *out, LoftySpan in, size_t *at) {
  Bytes begin = (Bytes)(in.size ? in.data : ""), end = begin + in.size;
  Bytes p = begin, from;
  char *room = lofty_buf_reserve(out, in.size + 2);
  if (!room) return out->status;
  room[0] = '"';
  if (copy_plain(begin, in.size, room + 1)) {
    room[in.size + 1] = '"';
    out->size += in.size + 2;
    return LOFTY_OK;
  }
  out->size++;
  for (;;) {
    from = p;
    p = skip_text(p, end);
    if (p == end) break;
    if (*p >= 0x80) {
      *at = (size_t)(p - begin);
      return LOFTY_BAD;
    }
    (void)lofty_buf_add(out, from, (size_t)(p - from));
    (void)put_escape(out, *p++);
  }
  room = lofty_buf_reserve(out, (size_t)(p - from) + 1);
  if (!room) return out->status;
  memcpy(room, from, (size_t)(p - from));
  room[p - from] = '"';
  out->size += (size_t)(p - from) + 1;
  return LOFTY_OK;
}
