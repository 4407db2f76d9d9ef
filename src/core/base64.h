/* SPDX-License-Identifier: MIT */
/*
** base64.h - Base64 (RFC 4648), and a comparison in constant time.
*/
#ifndef LOFTY_BASE64_H
#define LOFTY_BASE64_H

#include "buf.h"

typedef enum {
  LOFTY_BASE64_STANDARD, /* section 4, padded */
  LOFTY_BASE64_URL       /* section 5, unpadded: what RFC 7636 appendix A calls base64url */
} LoftyBase64;

LoftyCode lofty_base64_encode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet);
/* Strict: no white space, padding as the alphabet requires, unused bits zero.
   On LOFTY_BAD, *at is the offset of the first invalid byte. */
LoftyCode lofty_base64_decode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet, size_t *at);

/* True if both are equal; the time taken depends only on the sizes. */
int lofty_equal (LoftySpan a, LoftySpan b);

#endif
