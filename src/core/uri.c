/* SPDX-License-Identifier: MIT */
/*
** uri.c - percent-encoding, query and form strings, path templates (RFC 3986; forms:
** RFC 6749 appendix B).
*/
#include <string.h>

#include "uri.h"
#include "ascii.h"

static const char hex_digits[] = "0123456789ABCDEF";

static int is_alnum (char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || lofty_is_digit(c);
}

/* RFC 3986, section 2.3. */
static int is_unreserved (char c) {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Decodes the "%XX" at 'at'; -1 if it is not one. */
static int escaped_byte (LoftySpan s, size_t at) {
  int high, low;
  if (s.size - at < 3) return -1;
  high = lofty_hex_value(s.data[at + 1]);
  low = lofty_hex_value(s.data[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Computes the encoded size of 'in'; LOFTY_TOO_LONG if 'out' cannot hold it. */
static LoftyCode encoded_size (LoftyBuf *out, LoftySpan in, int plus_is_space, size_t *size) {
  size_t i, n = in.size;
  size_t room = out->max - out->size;
  if (out->status != LOFTY_OK) return out->status;
  for (i = 0; i < in.size && n <= room; i++) {
    if (!is_unreserved(in.data[i]) && !(plus_is_space && in.data[i] == ' ')) n += 2;
  }
  if (n > room) return out->status = LOFTY_TOO_LONG;
  *size = n;
  return LOFTY_OK;
}

static LoftyCode encode (LoftyBuf *out, LoftySpan in, int plus_is_space) {
  size_t size = 0, i;
  char *to;
  if (encoded_size(out, in, plus_is_space, &size) != LOFTY_OK) return out->status;
  to = lofty_buf_reserve(out, size);
  if (!to) return out->status;
  for (i = 0; i < in.size; i++) {
    char c = in.data[i];
    if (is_unreserved(c)) {
      *to++ = c;
    } else if (plus_is_space && c == ' ') {
      *to++ = '+';
    } else {
      *to++ = '%';
      *to++ = hex_digits[(unsigned char)c >> 4];
      *to++ = hex_digits[(unsigned char)c & 15];
    }
  }
  out->size += size;
  return LOFTY_OK;
}

LoftyCode lofty_percent_encode (LoftyBuf *out, LoftySpan in) {
  return encode(out, in, 0);
}

LoftyCode lofty_form_encode (LoftyBuf *out, LoftySpan in) {
  return encode(out, in, 1);
}

LoftyCode lofty_percent_decode (LoftyBuf *out, LoftySpan in, int plus_is_space, size_t *at) {
  char *to = lofty_buf_reserve(out, in.size); /* the decoded text is never longer */
  size_t i;
  if (!to) return out->status;
  for (i = 0; i < in.size; i++) {
    char c = in.data[i];
    if (c == '%') {
      int byte = escaped_byte(in, i);
      if (byte < 0) {
        *at = i;
        return LOFTY_BAD;
      }
      c = (char)(unsigned char)byte;
      i += 2;
    } else if (plus_is_space && c == '+') {
      c = ' ';
    }
    *to++ = c;
  }
  out->size = (size_t)(to - out->data);
  return LOFTY_OK;
}

/*
** CR, LF and NUL can end a line or a string in a server or a log. They are not allowed in
** paths and queries, not even percent-encoded.
*/
static int is_line_byte (char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

const char *lofty_line_problem (LoftySpan text) {
  size_t i;
  for (i = 0; i < text.size; i++) {
    if (is_line_byte(text.data[i])) return "holds a line break or a NUL byte";
  }
  return NULL;
}

LoftyCode lofty_query_add (LoftyBuf *out, LoftySpan name, LoftySpan value, int form) {
  if (!form && (lofty_line_problem(name) || lofty_line_problem(value))) return LOFTY_BAD;
  if (out->size > 0) lofty_buf_add_byte(out, '&');
  encode(out, name, form);
  lofty_buf_add_byte(out, '=');
  return encode(out, value, form); /* returns an earlier failure, too */
}

/*
** Returns the byte at *i and advances *i past it; with 'escaped', decodes a "%XX" there.
*/
static char next_byte (LoftySpan text, size_t *i, int escaped) {
  int byte = escaped && text.data[*i] == '%' ? escaped_byte(text, *i) : -1;
  char c = text.data[*i];
  *i += byte < 0 ? 1 : 3;
  return byte < 0 ? c : (char)(unsigned char)byte;
}

/*
** True if a segment is "." or "..", which servers remove (RFC 3986, section 5.2.4).
** Allows for servers that decode "%2F" first (nginx), treat "\" as a slash (IIS), or
** ignore the rest of a segment from ";" on (Java servlets).
*/
static int has_dot_segment (LoftySpan text, int escaped) {
  size_t i = 0, dots = 0;
  int only_dots = 1, cut = 0; /* in the current segment */
  while (i < text.size) {
    char c = next_byte(text, &i, escaped);
    if (c == '/' || c == '\\') {
      if (only_dots && (dots == 1 || dots == 2)) return 1;
      dots = 0;
      only_dots = 1;
      cut = 0;
    } else if (c == ';') {
      cut = 1;
    } else if (!cut) {
      if (c == '.')
        dots++;
      else
        only_dots = 0;
    }
  }
  return only_dots && (dots == 1 || dots == 2);
}

/*
** A value must not change the structure of the path, so it must not be empty or contain
** a dot segment, which servers and libcurl remove (RFC 3986, section 5.2.4), not even
** after a slash of its own, which is sent as %2F: see has_dot_segment.
*/
LoftyCode lofty_path_add (LoftyBuf *out, LoftySpan value, const char **problem) {
  *problem = lofty_line_problem(value);
  if (value.size == 0)
    *problem = "is empty";
  else if (value.size == 1 && value.data[0] == '.')
    *problem = "is \".\", which servers remove from a path";
  else if (value.size == 2 && memcmp(value.data, "..", 2) == 0)
    *problem = "is \"..\", which servers remove from a path";
  else if (has_dot_segment(value, 0))
    *problem = "holds a \".\" or \"..\" segment, which servers remove from a path";
  if (*problem) return LOFTY_BAD;
  return lofty_percent_encode(out, value);
}

/* A byte allowed in a path (RFC 3986, section 3.3), except "%". */
static int is_path_byte (char c) {
  return c != '\0' && (is_alnum(c) || strchr("-._~!$&'()*+,;=:@/", c) != NULL);
}

int lofty_path_dotted (LoftySpan path) {
  return has_dot_segment(path, 1);
}

/*
** Size of the literal text at the start of 's': up to a brace or a byte that a path must
** not contain. CR, LF and NUL are refused percent-encoded, too.
*/
static size_t literal_size (LoftySpan s) {
  size_t i = 0;
  while (i < s.size) {
    if (s.data[i] == '%') {
      int byte = escaped_byte(s, i);
      if (byte < 0 || is_line_byte((char)(unsigned char)byte)) break;
      i += 3;
    } else if (is_path_byte(s.data[i])) {
      i++;
    } else {
      break;
    }
  }
  return i;
}

LoftyCode lofty_template_next (LoftySpan *rest, LoftySpan *piece, int *is_name) {
  size_t size = 0, braces = 0;
  LoftyCode result = LOFTY_MORE;
  if (rest->size == 0) return LOFTY_DONE;
  *is_name = rest->data[0] == '{';
  if (*is_name) {
    for (size = 1; size < rest->size; size++) {
      char c = rest->data[size];
      if (!is_alnum(c) && c != '_' && c != '-' && c != '.') break;
    }
    if (size == rest->size || size == 1 || rest->data[size] != '}')
      result = LOFTY_BAD;
    else
      braces = 1;
  } else {
    size = literal_size(*rest);
    if (size < rest->size && rest->data[size] != '{') result = LOFTY_BAD;
  }
  piece->data = rest->data + (braces ? 1 : 0);
  piece->size = size - braces;
  rest->data += size + braces;
  rest->size -= size + braces;
  return result;
}
