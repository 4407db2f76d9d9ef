/* SPDX-License-Identifier: MIT */
/*
** string_cache.h - a cache of Lua strings that are pushed again and again, such as names of
** JSON members and header fields: a lookup here is cheaper than lua_pushlstring's hashing.
*/
#ifndef LOFTY_LUA_STRING_CACHE_H
#define LOFTY_LUA_STRING_CACHE_H

#include "core/common.h"
#include "compat.h"

#define LOFTY_CACHE_SLOTS 256 /* a power of two; a slot number fits in a byte */

/* A string to look up. head and tail hold all of its bytes if there are at most 16. */
typedef struct LoftyStringKey {
  uint64_t head, tail;
  const char *text;
  size_t size;
} LoftyStringKey;

/* head and tail: the first and the last eight bytes; they overlap in strings below 16 bytes. */
static inline LoftyStringKey lofty_key (LoftySpan text) {
  LoftyStringKey key = {0, 0, text.data, text.size};
  const char *p = text.data;
  if (text.size >= 8) {
    memcpy(&key.head, p, 8);
    memcpy(&key.tail, p + text.size - 8, 8);
  } else if (text.size >= 4) {
    uint32_t head, tail;
    memcpy(&head, p, 4);
    memcpy(&tail, p + text.size - 4, 4);
    key.head = head;
    key.tail = tail;
  } else {
    size_t i;
    for (i = 0; i < text.size; i++) key.head = key.head << 8 | (unsigned char)p[i];
  }
  return key;
}

static inline int lofty_key_same (const LoftyStringKey *a, const LoftyStringKey *b) {
  return a->size == b->size && a->head == b->head && a->tail == b->tail &&
         (a->size <= 16 || memcmp(a->text + 8, b->text + 8, a->size - 16) == 0);
}

static inline unsigned lofty_key_slot (const LoftyStringKey *key) {
  return (unsigned)(((key->head ^ (key->tail << 5) ^ (key->tail >> 59) ^ key->size) *
                     UINT64_C(0x9E3779B97F4A7C15)) >>
                    56);
}

/* The cache's keys, in a userdata; a table holds the Lua strings, slot + 1 -> string. */
typedef struct LoftyStringCache {
  LoftyStringKey keys[LOFTY_CACHE_SLOTS]; /* text NULL: the slot is free */
} LoftyStringCache;

/* Pushes a new LoftyStringCache and its table; a binding keeps both as upvalues. */
void lofty_newstringcache (lua_State *L);

/* Pushes the string 'key', from the cache or new; 'table' is the stack index of the cache's table. */
void lofty_pushcached (lua_State *L, LoftyStringCache *cache, int table, const LoftyStringKey *key);

static inline void lofty_pushcachedspan (lua_State *L, LoftyStringCache *cache, int table,
                                         LoftySpan text) {
  LoftyStringKey key = lofty_key(text);
  lofty_pushcached(L, cache, table, &key);
}

#endif
