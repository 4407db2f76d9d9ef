/* SPDX-License-Identifier: MIT */
/*
** number.h - conversion between numbers and decimal text, independent of the locale.
*/
#ifndef LOFTY_NUMBER_H
#define LOFTY_NUMBER_H

#include "common.h"

#define LOFTY_NUMBER_TEXT 32 /* maximum size of the text of an integer or a real */

/* Both write without a NUL and return the size. */
size_t lofty_integer_text (int64_t value, char *out);
size_t lofty_real_text (double value, char *out); /* 'value' is finite; see number.c */
double lofty_real (LoftySpan text); /* a valid JSON number; infinity if it is too large */

#endif
