/* SPDX-License-Identifier: MIT */
/*
** base64.c - strict Base64 and base64url in both directions (RFC 4648), and a
** comparison in constant time.
*/
#include "base64.h"

static const char standard_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

LoftyCode lofty_base64_encode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet) {
  const char *digits = alphabet == LOFTY_BASE64_URL ? url_digits : standard_digits;
  const unsigned char *s = (const unsigned char *)in.data;
  size_t rest = in.size;
  size_t tail = in.size % 3;
  size_t size;
  char *to;
  if (out->status != LOFTY_OK) return out->status;
  if (in.size > out->max) return out->status = LOFTY_TOO_LONG;
  if (in.size / 3 > out->max / 4) return out->status = LOFTY_TOO_LONG; /* so 'size' cannot wrap */
  size = in.size / 3 * 4;
  if (tail > 0) {
    size_t last = alphabet == LOFTY_BASE64_URL ? tail + 1 : 4;
    if (last > out->max - size) return out->status = LOFTY_TOO_LONG;
    size += last;
  }
  to = lofty_buf_reserve(out, size);
  if (!to) return out->status;
  for (; rest >= 3; rest -= 3, s += 3) {
    *to++ = digits[s[0] >> 2];
    *to++ = digits[(s[0] & 3) << 4 | s[1] >> 4];
    *to++ = digits[(s[1] & 15) << 2 | s[2] >> 6];
    *to++ = digits[s[2] & 63];
  }
  if (rest > 0) {
    unsigned second = rest == 2 ? s[1] : 0;
    *to++ = digits[s[0] >> 2];
    *to++ = digits[(s[0] & 3u) << 4 | second >> 4];
    if (rest == 2) *to++ = digits[(second & 15) << 2];
    if (alphabet == LOFTY_BASE64_STANDARD) {
      if (rest == 1) *to++ = '=';
      *to++ = '=';
    }
  }
  out->size += size;
  return LOFTY_OK;
}

/* The value of a digit, 0 to 63; 64 if it is not in the alphabet. */
static unsigned digit_value (char digit, LoftyBase64 alphabet) {
  if (digit >= 'A' && digit <= 'Z') return (unsigned)(digit - 'A');
  if (digit >= 'a' && digit <= 'z') return (unsigned)(digit - 'a') + 26;
  if (digit >= '0' && digit <= '9') return (unsigned)(digit - '0') + 52;
  if (digit == (alphabet == LOFTY_BASE64_URL ? '-' : '+')) return 62;
  if (digit == (alphabet == LOFTY_BASE64_URL ? '_' : '/')) return 63;
  return 64;
}

/*
** Validates the whole input before anything is decoded. On LOFTY_OK, *count is the
** number of digits without padding; on LOFTY_BAD, *at is the first invalid byte.
*/
static LoftyCode check (LoftySpan in, LoftyBase64 alphabet, size_t *count, size_t *at) {
  size_t n = in.size, i, tail, padding, wanted;
  unsigned unused;
  if (alphabet == LOFTY_BASE64_STANDARD) {
    if (n > 0 && in.data[n - 1] == '=') n--;
    if (n > 0 && n < in.size && in.data[n - 1] == '=') n--;
  }
  for (i = 0; i < n; i++) {
    if (digit_value(in.data[i], alphabet) > 63) {
      *at = i;
      return LOFTY_BAD;
    }
  }
  tail = n % 4;
  padding = in.size - n;
  wanted = alphabet == LOFTY_BASE64_STANDARD && tail > 0 ? 4 - tail : 0;
  if (tail == 1 ||
      padding != wanted) { /* one digit is less than a byte; padding: RFC 4648 section 3.2 */
    *at = tail != 1 && padding < wanted ? in.size : n;
    return LOFTY_BAD;
  }
  unused = tail == 2 ? 15 : tail == 3 ? 3 : 0; /* unused bits must be zero: section 3.5 */
  if (unused && (digit_value(in.data[n - 1], alphabet) & unused)) {
    *at = n - 1;
    return LOFTY_BAD;
  }
  *count = n;
  return LOFTY_OK;
}

LoftyCode lofty_base64_decode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet, size_t *at) {
  size_t count, i;
  unsigned bits = 0, pending = 0; /* decoded bits that are not written yet, and how many */
  char *to;
  if (out->status != LOFTY_OK) return out->status;
  if (check(in, alphabet, &count, at) != LOFTY_OK) return LOFTY_BAD;
  to = lofty_buf_reserve(out, count / 4 * 3 + (count % 4 > 0 ? count % 4 - 1 : 0));
  if (!to) return out->status;
  for (i = 0; i < count; i++) {
    bits = (bits << 6 | digit_value(in.data[i], alphabet)) & 0xFFFF;
    pending += 6;
    if (pending >= 8) {
      pending -= 8;
      *to++ = (char)(unsigned char)(bits >> pending);
    }
  }
  out->size = (size_t)(to - out->data);
  return LOFTY_OK;
}

int lofty_equal (LoftySpan a, LoftySpan b) {
  volatile unsigned char differs = 0; /* volatile: keeps the compiler from leaving the loop early */
  size_t i;
  if (a.size != b.size) return 0;
  for (i = 0; i < a.size; i++)
    differs = (unsigned char)(differs | ((unsigned char)a.data[i] ^ (unsigned char)b.data[i]));
  return differs == 0;
}
