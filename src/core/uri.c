/*
** uri.c - percent-encoding, query and form strings, path templates (RFC 3986;
** forms as RFC 6749 appendix B has them).
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

/* The byte that the "%XX" at 'at' stands for, or -1 if it is none. */
static int escaped_byte (LoftySpan s, size_t at) {
  int high, low;
  if (s.size - at < 3) return -1;
  high = lofty_hex_value(s.data[at + 1]);
  low = lofty_hex_value(s.data[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* How many bytes 'in' takes when encoded, or LOFTY_TOO_LONG. */
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
  char *to = lofty_buf_reserve(out, in.size); /* decoding only shrinks */
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
** CR, LF and NUL end a line or a string somewhere down the road: they have no
** business in a path, a query or a credential, and even encoded they are refused.
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
  return encode(out, value, form); /* a failure on the way has stuck */
}

/*
** The byte at *i, which is moved past it; with 'escaped' the one that a "%XX" there
** stands for.
*/
static char next_byte (LoftySpan text, size_t *i, int escaped) {
  int byte = escaped && text.data[*i] == '%' ? escaped_byte(text, *i) : -1;
  char c = text.data[*i];
  *i += byte < 0 ? 1 : 3;
  return byte < 0 ? c : (char)(unsigned char)byte;
}

/*
** True if a segment is "." or "..", which servers take out (RFC 3986, section
** 5.2.4). Some decode "%2F" first (nginx), some take "\" for a slash (IIS), some
** cut a segment at ";" (Java's servlets): all of these count.
*/
static int has_dot_segment (LoftySpan text, int escaped) {
  size_t i = 0, dots = 0;
  int only_dots = 1, cut = 0; /* of this segment, so far */
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
** A value may not change which path it stands in: not empty (a slash too few),
** not a dot segment, which every server and libcurl take out (RFC 3986, section
** 5.2.4). A slash in it is data and goes out as %2F; a dot segment behind one is
** refused too, see has_dot_segment.
*/
LoftyCode lofty_path_add (LoftyBuf *out, LoftySpan value, const char **problem) {
  *problem = lofty_line_problem(value);
  if (value.size == 0)
    *problem = "is empty";
  else if (value.size == 1 && value.data[0] == '.')
    *problem = "is \".\", which no path may hold";
  else if (value.size == 2 && memcmp(value.data, "..", 2) == 0)
    *problem = "is \"..\", which no path may hold";
  else if (has_dot_segment(value, 0))
    *problem = "holds a \".\" or \"..\" segment, which no path may hold";
  if (*problem) return LOFTY_BAD;
  return lofty_percent_encode(out, value);
}

/* RFC 3986, section 3.3: what may stand in a path as it is, "%" apart. */
static int is_path_byte (char c) {
  return c != '\0' && (is_alnum(c) || strchr("-._~!$&'()*+,;=:@/", c) != NULL);
}

int lofty_path_dotted (LoftySpan path) {
  return has_dot_segment(path, 1);
}

/*
** How many bytes of 's' are literal: up to a brace, its end, or a byte that no
** path may hold. An escaped CR, LF or NUL is no better than the byte itself.
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
