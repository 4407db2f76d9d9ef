/*
** number.h - decimal text of numbers and back, independent of the locale.
*/
#ifndef LOFTY_NUMBER_H
#define LOFTY_NUMBER_H

#include "common.h"

#define LOFTY_NUMBER_TEXT 32 /* room for what the two writers below write */

size_t lofty_integer_text (int64_t value, char *out);
size_t lofty_real_text (double value,
                        char *out); /* finite; shortest, never looks like an integer */
double lofty_real (LoftySpan text); /* a valid JSON number; an infinity if it is too large */

#endif
