/*
** string_cache.h - words that come again and again, as names of fields do: their Lua
** strings are kept at hand, for to copy one is cheaper than to have Lua hash it.
*/
#ifndef LOFTY_LUA_STRING_CACHE_H
#define LOFTY_LUA_STRING_CACHE_H

#include "core/common.h"
#include "compat.h"

#define LOFTY_WORD_SLOTS 256 /* a power of two, and a slot fits a byte */

/* A word: its ends, which are all of it up to 16 bytes, and its text. */
typedef struct LoftyWord {
  uint64_t head, tail;
  const char *text;
  size_t size;
} LoftyWord;

/* A word and its ends: the first and last eight bytes, overlapping in a short one. */
static inline LoftyWord lofty_word (LoftySpan text) {
  LoftyWord word = {0, 0, text.data, text.size};
  const char *p = text.data;
  if (text.size >= 8) {
    memcpy(&word.head, p, 8);
    memcpy(&word.tail, p + text.size - 8, 8);
  } else if (text.size >= 4) {
    uint32_t head, tail;
    memcpy(&head, p, 4);
    memcpy(&tail, p + text.size - 4, 4);
    word.head = head;
    word.tail = tail;
  } else {
    size_t i;
    for (i = 0; i < text.size; i++) word.head = word.head << 8 | (unsigned char)p[i];
  }
  return word;
}

static inline int lofty_word_same (const LoftyWord *a, const LoftyWord *b) {
  return a->size == b->size && a->head == b->head && a->tail == b->tail &&
         (a->size <= 16 || memcmp(a->text + 8, b->text + 8, a->size - 16) == 0);
}

static inline unsigned lofty_word_slot (const LoftyWord *word) {
  return (unsigned)(((word->head ^ (word->tail << 5) ^ (word->tail >> 59) ^ word->size) *
                     UINT64_C(0x9E3779B97F4A7C15)) >>
                    56);
}

/* Words kept from one call to the next, in a userdata; their strings are in a table. */
typedef struct LoftyWords {
  LoftyWord known[LOFTY_WORD_SLOTS]; /* text NULL: none */
} LoftyWords;

/* Pushes a new LoftyWords and its table, to be upvalues. */
void lofty_newwords (lua_State *L);

/* Pushes the string of a word; 'table' is the index of the words' table. */
void lofty_pushword (lua_State *L, LoftyWords *words, int table, const LoftyWord *word);

static inline void lofty_pushspan (lua_State *L, LoftyWords *words, int table, LoftySpan text) {
  LoftyWord word = lofty_word(text);
  lofty_pushword(L, words, table, &word);
}

#endif
