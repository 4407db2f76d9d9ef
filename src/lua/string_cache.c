/* SPDX-License-Identifier: MIT */
/*
** string_cache.c - a cache of short Lua strings that lives across calls.
*/
#include "string_cache.h"

#define MAX_CACHED ((size_t)40) /* bytes; Lua 5.2 and newer do not intern longer strings */

void lofty_newstringcache (lua_State *L) {
  LoftyStringCache *cache = (LoftyStringCache *)lua_newuserdata(L, sizeof(LoftyStringCache));
  memset(cache, 0, sizeof(LoftyStringCache));
  lua_createtable(L, LOFTY_CACHE_SLOTS, 0);
}

void lofty_pushcached (lua_State *L, LoftyStringCache *cache, int table,
                       const LoftyStringKey *key) {
  unsigned slot = lofty_key_slot(key);
  LoftyStringKey *entry = &cache->keys[slot];
  if (entry->text && lofty_key_same(entry, key)) {
    lua_rawgeti(L, table, (int)slot + 1);
    return;
  }
  lua_pushlstring(L, key->text, key->size);
  if (key->size > MAX_CACHED) return;
  lua_pushvalue(L, -1);
  lua_rawseti(L, table, (int)slot + 1); /* the string it replaces may be collected from here on */
  *entry = *key;
  entry->text = lua_tostring(L, -1);
}
