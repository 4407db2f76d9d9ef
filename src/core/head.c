/* SPDX-License-Identifier: MIT */
/*
** head.c - an incremental, strict parser for the head of an HTTP response (RFC 9112).
** Both transports, libcurl and nginx, use it, so that both accept the same responses.
*/
#include <string.h>

#include "head.h"
#include "ascii.h"
#include "buf.h"
#include "limits.h"

#define NOT_HTTP "the response does not begin with HTTP/1.1"
#define MAX_LENGTH ((uint64_t)INT64_MAX)

/* A field line, as offsets into 'text'. Lines with the same name form a list from the first one. */
typedef struct Field {
  size_t name, name_size;
  size_t value, value_size;
  size_t next; /* index of the next line with this name, 0: none */
  size_t last; /* in the first line: index of the last line with this name */
  int first;
} Field;

typedef enum { HEAD_STATUS, HEAD_FIELDS, HEAD_TRAILERS, HEAD_ENDED } HeadState;

struct LoftyHttpHead {
  LoftyHttpFrom from;
  HeadState state;
  LoftyCode code;
  const char *problem;
  LoftyHttpFacts facts;
  size_t max, total; /* bytes of all heads and trailers: limit and count */
  size_t lines;      /* field lines of all heads and trailers */
  LoftyBuf text;     /* the stored lines, then the one being read */
  size_t line;       /* offset of the line being read */
  size_t count;      /* fields[0 .. count-1] */
  Field fields[LOFTY_MAX_FIELDS];
};

static LoftyCode head_fail (LoftyHttpHead *head, LoftyCode code, const char *problem) {
  head->problem = problem;
  return head->code = code;
}

static int head_bad (LoftyHttpHead *head, const char *problem) {
  head_fail(head, LOFTY_BAD, problem);
  return 0;
}

LoftyHttpHead *lofty_http_head_new (size_t max, LoftyHttpFrom from) {
  LoftyHttpHead *head = (LoftyHttpHead *)lofty_realloc(NULL, sizeof(LoftyHttpHead));
  if (!head) return NULL;
  head->from = from;
  lofty_buf_init(&head->text, 0);
  lofty_http_head_reset(head, max);
  return head;
}

void lofty_http_head_free (LoftyHttpHead *head) {
  if (!head) return;
  lofty_buf_free(&head->text);
  lofty_realloc(head, 0);
}

/* Starts another head of the same response (after a 1xx); the counts of bytes and lines go on. */
static void head_restart (LoftyHttpHead *head) {
  memset(&head->facts, 0, sizeof(head->facts));
  lofty_buf_clear(&head->text);
  head->line = 0;
  head->count = 0;
  head->state = HEAD_STATUS;
  head->code = LOFTY_MORE;
  head->problem = NULL;
}

void lofty_http_head_reset (LoftyHttpHead *head, size_t max) {
  head_restart(head);
  head->max = max;
  head->total = 0;
  head->lines = 0;
  /* Twice: joined values are appended after the lines they come from. */
  lofty_buf_reuse(&head->text,
                  max > SIZE_MAX / 2 - LOFTY_MAX_FIELDS ? SIZE_MAX : 2 * (max + LOFTY_MAX_FIELDS));
}

/* Each byte in lower case if it may be part of a token (RFC 9110, section 5.6.2), else NUL. */
/* clang-format off */
static const char TCHAR[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, '!', 0, '#', '$', '%', '&', '\'', 0, 0, '*', '+', 0, '-', '.', 0,
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0,
    0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, 0, 0, '^', '_',
    '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, '|', 0, '~', 0
};
/* clang-format on */

static char to_tchar (char c) {
  return TCHAR[(unsigned char)c];
}

int lofty_is_token (const char *bytes, size_t size) {
  size_t i;
  for (i = 0; i < size; i++)
    if (to_tchar(bytes[i]) == '\0') return 0;
  return size > 0;
}

int lofty_token_equals (const char *bytes, size_t size, const char *lower) {
  size_t i;
  if (strlen(lower) != size) return 0;
  for (i = 0; i < size; i++)
    if (to_tchar(bytes[i]) != lower[i]) return 0;
  return 1;
}

static int is_blank (char c) {
  return c == ' ' || c == '\t';
}

int lofty_is_field_value (const char *bytes, size_t size) {
  size_t i;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if ((c < 0x20 && c != '\t') || c == 0x7F) return 0;
  }
  return 1;
}

/*
** HTTP-version SP 3DIGIT SP [reason] (RFC 9112, section 4). The second SP is optional
** where there is no reason: many servers leave it out, and it is not ambiguous.
*/
static int head_status (LoftyHttpHead *head, const char *line, size_t size) {
  const char *end = line + size;
  LoftyHttpFacts *facts = &head->facts;
  if (size >= 9 && memcmp(line, "HTTP/1.", 7) == 0 && (line[7] == '0' || line[7] == '1')) {
    facts->keep_alive = line[7] == '1'; /* section 9.3 */
    line += 8;
  } else if (head->from == LOFTY_HTTP_CURL && size >= 7 && memcmp(line, "HTTP/2", 6) == 0) {
    facts->keep_alive = facts->http2 = 1;
    line += 6;
  } else
    return head_bad(head, NOT_HTTP);
  if (end - line < 4 || line[0] != ' ' || !lofty_is_digit(line[1]) || !lofty_is_digit(line[2]) ||
      !lofty_is_digit(line[3]) || (end - line > 4 && line[4] != ' '))
    return head_bad(head, "the status is not three digits");
  if (line[1] < '1' || line[1] > '5')
    return head_bad(head, "the status is not from 100 to 599"); /* RFC 9110, section 15 */
  if (!lofty_is_field_value(line + 4, (size_t)(end - line) - 4))
    return head_bad(head, "a control character in the status line");
  facts->status = (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
  return 1;
}

/*
** field-name ":" OWS field-value OWS (RFC 9112, section 5). White space before
** the colon and folded lines are refused (5.1, 5.2). Lowers the name in place.
*/
static int head_field (LoftyHttpHead *head, size_t at, size_t size, Field *field) {
  char *line = head->text.data + at;
  size_t i = 0, end = size;
  if (++head->lines > LOFTY_MAX_FIELDS) {
    head_fail(head, LOFTY_TOO_LONG, "the response has too many header lines");
    return 0;
  }
  if (is_blank(line[0])) return head_bad(head, "a folded header line");
  for (; i < size && line[i] != ':'; i++) {
    char lower = to_tchar(line[i]);
    if (lower == '\0') return head_bad(head, "a header name with a forbidden character");
    line[i] = lower;
  }
  if (i == size) return head_bad(head, "a header line without a colon");
  if (i == 0) return head_bad(head, "a header line without a name");
  field->name = at;
  field->name_size = i++;
  while (i < end && is_blank(line[i])) i++;
  while (end > i && is_blank(line[end - 1])) end--;
  if (!lofty_is_field_value(line + i, end - i))
    return head_bad(head, "a header value with a control character");
  field->value = at + i;
  field->value_size = end - i;
  field->next = 0;
  return 1;
}

/* Stores the field line, linked to earlier lines with the same name. */
static void head_store (LoftyHttpHead *head, const Field *field) {
  const char *text = head->text.data;
  size_t index = head->count++, i;
  Field *stored = &head->fields[index];
  *stored = *field;
  stored->last = index;
  stored->first = 1;
  for (i = 0; i < index; i++) {
    Field *earlier = &head->fields[i];
    if (earlier->first && earlier->name_size == field->name_size &&
        memcmp(text + earlier->name, text + field->name, field->name_size) == 0) {
      head->fields[earlier->last].next = index;
      earlier->last = index;
      stored->first = 0;
      return;
    }
  }
}

/* Joins the values of repeated names (RFC 9110, section 5.3). */
static int head_join (LoftyHttpHead *head) {
  LoftyBuf *text = &head->text;
  size_t i;
  for (i = 0; i < head->count; i++) {
    Field *first = &head->fields[i];
    size_t at = text->size, from = i;
    if (!first->first || first->next == 0) continue;
    for (;;) {
      const Field *field = &head->fields[from];
      if (!lofty_buf_reserve(text, field->value_size + 2)) break;
      lofty_buf_add(text, text->data + field->value, field->value_size);
      if ((from = field->next) == 0) break;
      lofty_buf_add(text, ", ", 2);
    }
    if (text->status != LOFTY_OK) {
      head_fail(head, text->status, NULL);
      return 0;
    }
    first->value = at;
    first->value_size = text->size - at;
  }
  return 1;
}

/* The first field with this name, or NULL. */
static const Field *head_find (const LoftyHttpHead *head, const char *name) {
  size_t i, size = strlen(name);
  for (i = 0; i < head->count; i++) {
    const Field *field = &head->fields[i];
    if (field->first && field->name_size == size &&
        memcmp(head->text.data + field->name, name, size) == 0)
      return field;
  }
  return NULL;
}

/*
** 1*DIGIT, without a sign. A repeated length, on one line or on several, must be the same number
** each time (RFC 9110, section 8.6).
*/
static int check_length (LoftyHttpHead *head, const Field *field) {
  const char *at = head->text.data + field->value, *end = at + field->value_size;
  LoftyHttpFacts *facts = &head->facts;
  for (;;) {
    uint64_t length = 0;
    if (at == end || !lofty_is_digit(*at)) return head_bad(head, "Content-Length is not a number");
    for (; at < end && lofty_is_digit(*at); at++) {
      unsigned digit = (unsigned)(*at - '0');
      if (length > (MAX_LENGTH - digit) / 10)
        return head_bad(head, "Content-Length is out of range");
      length = length * 10 + digit;
    }
    if (facts->has_length && facts->length != length)
      return head_bad(head, "two different values of Content-Length");
    facts->has_length = 1;
    facts->length = length;
    while (at < end && is_blank(*at)) at++;
    if (at == end) return 1;
    if (*at++ != ',') return head_bad(head, "Content-Length is not a number");
    while (at < end && is_blank(*at)) at++;
  }
}

/* True if 'token' is a member of the comma-separated list. */
static int list_has (const char *bytes, size_t size, const char *token) {
  size_t i = 0;
  while (i < size) {
    size_t begin, end;
    while (i < size && (is_blank(bytes[i]) || bytes[i] == ',')) i++;
    begin = i;
    while (i < size && bytes[i] != ',') i++;
    end = i;
    while (end > begin && is_blank(bytes[end - 1])) end--;
    if (lofty_token_equals(bytes + begin, end - begin, token)) return 1;
  }
  return 0;
}

/*
** True if a Content-Encoding means that the body is not encoded. Some servers send a charset or
** "none", which are not content codings (RFC 9110, section 8.4.1).
*/
static int is_plain_coding (const char *value, size_t size) {
  static const char *const names[] = {"identity", "none",       "utf-8",
                                      "utf8",     "iso-8859-1", "us-ascii"};
  size_t i;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (lofty_token_equals(value, size, names[i])) return 1;
  return size == 0;
}

/*
** Derives the facts from a complete head. Refuses ambiguous framing, which response
** smuggling relies on (RFC 9112, section 11.2).
*/
static int head_check (LoftyHttpHead *head) {
  LoftyHttpFacts *facts = &head->facts;
  const char *text;
  const Field *field;
  if (!head_join(head)) return 0;
  if ((field = head_find(head, "content-length")) && !check_length(head, field)) return 0;
  text = head->text.data;
  if ((field = head_find(head, "transfer-encoding"))) {
    /* RFC 9112, sections 6.1 and 7: without TE in the request only "chunked" is allowed, and
       only in HTTP/1.1. Here keep_alive still tells the version: true for 1.1. */
    if (facts->http2 || !facts->keep_alive)
      return head_bad(head, "Transfer-Encoding is only allowed in HTTP/1.1");
    if (!lofty_token_equals(text + field->value, field->value_size, "chunked"))
      return head_bad(head, "a Transfer-Encoding other than chunked");
    if (facts->has_length) return head_bad(head, "both Content-Length and Transfer-Encoding");
    facts->chunked = 1;
  }
  if ((facts->status < 200 || facts->status == 204) && (facts->chunked || facts->length > 0))
    return head_bad(head,
                    "a body with a status that does not allow one"); /* RFC 9112, section 6.3 */
  if (facts->status == 101)
    return head_bad(head, "a change of protocol (status 101) that was not requested");
  if ((field = head_find(head, "content-encoding"))) {
    const char *value = text + field->value;
    if (lofty_token_equals(value, field->value_size, "gzip") ||
        lofty_token_equals(value, field->value_size, "x-gzip"))
      facts->coding = LOFTY_CODING_GZIP;
    else if (!is_plain_coding(value, field->value_size))
      return head_bad(head, "a Content-Encoding that was not requested");
  }
  if ((field = head_find(head, "connection")) && !facts->http2) { /* RFC 9112, section 9.3 */
    if (list_has(text + field->value, field->value_size, "close"))
      facts->keep_alive = 0;
    else if (list_has(text + field->value, field->value_size, "keep-alive"))
      facts->keep_alive = 1;
  }
  return 1;
}

/* The empty line after the fields: ends the head, or an interim (1xx) response before it. */
static void head_finish (LoftyHttpHead *head) {
  if (!head_check(head)) return;
  if (head->facts.status < 200) {
    head_restart(head); /* RFC 9110, section 15.2 */
    return;
  }
  head->state = HEAD_TRAILERS;
  head->code = LOFTY_DONE;
}

/* Handles one line of 'size' bytes, line end included, at text[line ..]. */
static void head_line (LoftyHttpHead *head, size_t size) {
  const char *line = head->text.data + head->line;
  Field field;
  if (size < 2 || line[size - 2] != '\r') {
    head_bad(head, "a line that does not end in CR LF"); /* RFC 9112, section 2.2 */
    return;
  }
  size -= 2;
  switch (head->state) {
    case HEAD_STATUS:
      if (!head_status(head, line, size)) return;
      head->state = HEAD_FIELDS;
      break;
    case HEAD_FIELDS:
      if (size == 0) {
        head->text.size = head->line;
        head_finish(head);
        head->line = head->text.size;
        return;
      }
      if (!head_field(head, head->line, size, &field)) return;
      head_store(head, &field);
      head->line = head->text.size;
      return;
    default:
      if (size == 0)
        head->state = HEAD_ENDED;
      else if (!head_field(head, head->line, size, &field))
        return;
      break;
  }
  head->text.size = head->line; /* status line and trailers are not stored */
}

/*
** Whether the first bytes of a status line, the next ones included, may belong to one. What is not
** HTTP is refused at once, without a wait for a line end.
*/
static int may_be_status (const LoftyHttpHead *head, const char *bytes, size_t size) {
  static const char begin[] = "HTTP/";
  size_t stored = head->text.size - head->line, i;
  if (size > head->max - head->total) size = head->max - head->total;
  for (i = 0; i < size && stored + i < sizeof begin - 1; i++)
    if (bytes[i] != begin[stored + i]) return 0;
  return 1;
}

LoftyCode lofty_http_head_feed (LoftyHttpHead *head, const char *bytes, size_t size, size_t *used) {
  *used = 0;
  while (head->code <= LOFTY_DONE && *used < size && head->state != HEAD_ENDED) {
    const char *from = bytes + *used;
    const char *end = (const char *)memchr(from, '\n', size - *used);
    size_t piece = end ? (size_t)(end - from) + 1 : size - *used;
    int was_done = head->code == LOFTY_DONE;
    if (head->state == HEAD_STATUS && !may_be_status(head, from, piece))
      return head_fail(head, LOFTY_BAD, NOT_HTTP);
    if (piece > head->max - head->total)
      return head_fail(head, LOFTY_TOO_LONG, "the response's head is too long");
    if (lofty_buf_add(&head->text, from, piece) != LOFTY_OK)
      return head_fail(head, head->text.status, NULL);
    head->total += piece;
    *used += piece;
    if (end) head_line(head, head->text.size - head->line);
    if (head->code == LOFTY_DONE && !was_done) break; /* what follows is the body */
  }
  return head->code;
}

int lofty_http_head_done (const LoftyHttpHead *head) {
  return head->state == HEAD_TRAILERS || head->state == HEAD_ENDED;
}

int lofty_http_head_ended (const LoftyHttpHead *head) {
  return head->state == HEAD_ENDED;
}

const LoftyHttpFacts *lofty_http_head_facts (const LoftyHttpHead *head) {
  return &head->facts;
}

size_t lofty_http_head_lines (const LoftyHttpHead *head) {
  return head->count;
}

int lofty_http_head_field (const LoftyHttpHead *head, size_t *index, LoftySpan *name,
                           LoftySpan *value) {
  const Field *field;
  while (*index < head->count && !head->fields[*index].first) ++*index;
  if (*index >= head->count) return 0;
  field = &head->fields[(*index)++];
  name->data = head->text.data + field->name;
  name->size = field->name_size;
  value->data = head->text.data + field->value;
  value->size = field->value_size;
  return 1;
}

const char *lofty_http_head_problem (const LoftyHttpHead *head) {
  return head->problem;
}
