/* SPDX-License-Identifier: MIT */
/*
** fuzz.h - what the libFuzzer targets share.
*/
#ifndef LOFTY_FUZZ_H
#define LOFTY_FUZZ_H

#include <stdlib.h>
#include <string.h>

static void require (int condition) {
  if (!condition) abort();
}

/* Memory of exactly this size, so that ASan detects an overrun; free() it. */
static char *exact_block (size_t size) {
  char *block = (char *)malloc(size ? size : 1);
  require(block != NULL);
  return block;
}

static char *exact_copy (const void *bytes, size_t size) {
  char *copy = exact_block(size);
  if (size) memcpy(copy, bytes, size);
  return copy;
}

#endif
