/* SPDX-License-Identifier: MIT */
/*
** torture.c - runs every case with allocation n failing, for n = 1, 2, 3, ... until the case
** succeeds: first only that allocation, then that one and all later ones.
** usage: torture [case [n [alone | on]]]
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture.h"

static const TortureCase *const tables[] = {torture_encodings, torture_http};

/* Stored before every block: its size, which is needed to move the block. */
typedef union Header {
  size_t size;
  long double real; /* gives the alignment of malloc */
  void *pointer;
} Header;

static const char *running = "";
static long refused_at; /* the number of the allocation that fails; 0: none */
static int and_later;
static long asked, refused, live;

/*
** An allocator that fails on demand, counts live blocks, and moves a block on every realloc,
** so that uses of the old pointer are detected.
*/
static void *failing_realloc (void *block, size_t size) {
  Header *old = block ? (Header *)block - 1 : NULL, *fresh;
  if (size == 0) {
    if (old) live--;
    free(old);
    return NULL;
  }
  asked++;
  if (refused_at > 0 && (asked == refused_at || (and_later && asked > refused_at))) {
    refused++;
    return NULL;
  }
  fresh = (Header *)malloc(sizeof(Header) + size);
  if (!fresh) abort();
  fresh->size = size;
  memset(fresh + 1, 0xA5, size);
  if (old)
    memcpy(fresh + 1, block, old->size < size ? old->size : size);
  else
    live++;
  free(old);
  return fresh + 1;
}

void torture_verify (int condition, const char *what, const char *file, int line) {
  if (condition) return;
  fprintf(stderr, "%s:%d: failed: %s\nrepeat with: build/torture/5.4/core %s %ld %s\n", file, line,
          what, running, refused_at, and_later ? "on" : "alone");
  exit(1);
}

LoftySpan torture_span (const char *text) {
  LoftySpan span;
  span.data = text;
  span.size = strlen(text);
  return span;
}

void torture_check_buf (const LoftyBuf *buf) {
  torture_check(buf->size <= buf->max);
  torture_check(buf->size <= buf->capacity);
  torture_check((buf->data == NULL) == (buf->capacity == 0));
  torture_check(buf->status == LOFTY_OK || buf->status == LOFTY_NO_MEMORY ||
                buf->status == LOFTY_TOO_LONG);
}

/* Runs the case with allocation n failing; true when it needed fewer. */
static int run_once (const TortureCase *one, long n, int later) {
  LoftyCode code;
  running = one->name;
  refused_at = n;
  and_later = later;
  asked = refused = live = 0;
  code = one->run();
  torture_check(live == 0);
  torture_check(refused == 0 ? code == LOFTY_OK : code == LOFTY_NO_MEMORY);
  return refused == 0;
}

int main (int argc, char **argv) {
  size_t t;
  long cases = 0, refusals = 0;
  lofty_realloc = failing_realloc;
  for (t = 0; t < sizeof tables / sizeof tables[0]; t++) {
    const TortureCase *one;
    for (one = tables[t]; one->name; one++) {
      int later;
      long n;
      if (argc > 1 && strcmp(argv[1], one->name) != 0) continue;
      cases++;
      if (argc > 2) {
        run_once(one, atol(argv[2]), argc > 3 && strcmp(argv[3], "on") == 0);
        continue;
      }
      for (later = 0; later <= 1; later++) {
        for (n = 1; !run_once(one, n, later); n++) refusals++;
        torture_verify(n > 1, "the case allocates memory", __FILE__, __LINE__);
      }
    }
  }
  if (cases == 0) {
    fprintf(stderr, "unknown case\n");
    return 2;
  }
  printf("torture: %ld cases, %ld failed allocations, no leaks\n", cases, refusals);
  return 0;
}
