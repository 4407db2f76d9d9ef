/* SPDX-License-Identifier: MIT */
/*
** number.c - exact conversion between numbers and decimal text. Independent of the
** locale: printf and strtod never read or write a decimal point that is kept.
*/
#include "number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIGNIFICANT 780 /* no more than 767 digits affect the rounding of a double */
#define MAX_EXPONENT 100000 /* beyond the range of any double with MAX_SIGNIFICANT digits */

#if FLT_EVAL_METHOD == 0 /* no excess precision, unlike the x87 FPU */
/* The powers of ten that a double represents exactly. */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#endif

/* Writes an integer without a NUL; returns the size. */
size_t lofty_integer_text (int64_t value, char *out) {
  static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                              "25262728293031323334353637383940414243444546474849"
                              "50515253545556575859606162636465666768697071727374"
                              "75767778798081828384858687888990919293949596979899";
  char text[21];
  char *end = text + sizeof(text), *p = end;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  for (; rest >= 10; rest /= 100) memcpy(p -= 2, pairs + 2 * (rest % 100), 2);
  if (rest > 0 || p == end) *--p = (char)('0' + rest);
  if (value < 0) *--p = '-';
  memcpy(out, p, (size_t)(end - p));
  return (size_t)(end - p);
}

/*
** Reads the exponent after "e", with any number of digits; clamped so that it cannot
** overflow. The grammar was checked before.
*/
static int64_t read_exponent (const char *p, const char *end) {
  int64_t value = 0;
  int negative = *p == '-';
  if (*p == '-' || *p == '+') p++;
  for (; p < end; p++)
    if (value < ((int64_t)1 << 50)) value = value * 10 + (*p - '0');
  return negative ? -value : value;
}

/*
** Returns the double nearest to a JSON number (RFC 8259 section 6), or infinity. With
** up to 15 digits and a small exponent that is one correctly rounded operation on exact
** operands (Clinger's fast path). Others go to strtod as an integer and an exponent,
** without the decimal point, which depends on the locale.
*/
double lofty_real (LoftySpan text) {
  const char *p = text.data, *end = text.data + text.size;
  char digits[MAX_SIGNIFICANT + 16];
  size_t kept = 0;
  int64_t exponent = 0;
  int negative = *p == '-', fraction = 0, more = 0;
  double value = 0;
  if (negative) p++;
  for (; p < end && *p != 'e' && *p != 'E'; p++) {
    if (*p == '.') {
      fraction = 1;
      continue;
    }
    exponent -= fraction;
    if (*p == '0' && !kept) continue;
    if (kept < MAX_SIGNIFICANT) {
      digits[kept++] = *p;
    } else {
      exponent++;
      if (*p != '0') more = 1;
    }
  }
  if (p < end) exponent += read_exponent(p + 1, end);
  if (more) { /* the omitted digits are not zero: round above a tie */
    digits[kept++] = '1';
    exponent--;
  }
#if FLT_EVAL_METHOD == 0
  if (kept <= 15 && exponent >= -22 && exponent <= 22) {
    uint64_t whole = 0;
    size_t i;
    for (i = 0; i < kept; i++) whole = whole * 10 + (uint64_t)(digits[i] - '0');
    value = exponent < 0 ? (double)whole / exact_power[-exponent]
                         : (double)whole * exact_power[exponent];
    return negative ? -value : value;
  }
#endif
  if (kept) {
    if (exponent > MAX_EXPONENT) exponent = MAX_EXPONENT;
    if (exponent < -MAX_EXPONENT) exponent = -MAX_EXPONENT;
    digits[kept++] = 'e';
    kept += lofty_integer_text(exponent, digits + kept);
    digits[kept] = '\0';
    value = strtod(digits, NULL);
  }
  return negative ? -value : value;
}

/*
** Finds the fewest digits that read back as the same positive double: the value is
** digits * 10^exponent. Returns the number of digits. A decimal of up to 15 digits is
** unique, so short ones are found by scaling; otherwise printf's 15, 16 and 17 digits
** are tried in turn (1 to 17 for subnormals, which have fewer significant bits).
*/
static int shortest (double value, char *digits, int *exponent) {
  int count = 0, precision;
#if FLT_EVAL_METHOD == 0
  int scale;
  for (scale = 0; scale <= 8; scale++) {
    double scaled = value * exact_power[scale];
    uint64_t whole;
    if (scaled > 1e15) break;
    whole = (uint64_t)(scaled + 0.5);
    if ((double)whole / exact_power[scale] == value) {
      *exponent = -scale;
      return (int)lofty_integer_text((int64_t)whole, digits);
    }
  }
#endif
  for (precision = value < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
    char text[48];
    const char *p;
    LoftySpan again;
    (void)snprintf(text, sizeof(text), "%.*e", precision - 1, value);
    count = 0;
    for (p = text; *p != 'e'; p++) /* skips the decimal point of the locale */
      if (*p >= '0' && *p <= '9') digits[count++] = *p;
    *exponent = (int)strtol(p + 1, NULL, 10) - (count - 1);
    while (count > 1 && digits[count - 1] == '0') {
      count--;
      (*exponent)++;
    }
    again.data = text;
    again.size = (size_t)snprintf(text, sizeof(text), "%.*se%d", count, digits, *exponent);
    if (lofty_real(again) == value) break;
  }
  return count;
}

/*
** Writes a finite double in the shortest form that reads back as the same value, always
** with a point or an exponent: 1000.0, 0.1, 1e300. No NUL; returns the size.
*/
size_t lofty_real_text (double value, char *out) {
  char digits[24];
  int count, exponent, point, i;
  char *p = out;
  if (signbit(value)) {
    *p++ = '-';
    value = -value;
  }
  count = shortest(value, digits, &exponent);
  point = count + exponent; /* number of digits before the decimal point */
  if (point > 17 || point < -4) {
    *p++ = digits[0];
    if (count > 1) {
      *p++ = '.';
      memcpy(p, digits + 1, (size_t)count - 1);
      p += count - 1;
    }
    *p++ = 'e';
    return (size_t)(p - out) + lofty_integer_text(point - 1, p);
  }
  if (point <= 0) *p++ = '0';
  for (i = 0; i < point; i++) *p++ = i < count ? digits[i] : '0';
  *p++ = '.';
  if (point >= count) *p++ = '0';
  for (i = point; i < count; i++) *p++ = i < 0 ? '0' : digits[i];
  return (size_t)(p - out);
}
