/* SPDX-License-Identifier: MIT */
/*
** ascii.h - character classes for ASCII. The functions of <ctype.h> depend on the locale.
*/
#ifndef LOFTY_ASCII_H
#define LOFTY_ASCII_H

static inline int lofty_is_digit (char c) {
  return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit in either case, or -1. */
static inline int lofty_hex_value (char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

#endif
