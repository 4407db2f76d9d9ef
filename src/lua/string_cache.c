/*
** string_cache.c - words whose strings are kept from one call to the next.
*/
#include "string_cache.h"

#define LONGEST ((size_t)40) /* longer ones Lua makes anew each time, without hashing them */

void lofty_newwords (lua_State *L) {
  LoftyWords *words = (LoftyWords *)lua_newuserdata(L, sizeof(LoftyWords));
  memset(words, 0, sizeof(LoftyWords));
  lua_createtable(L, LOFTY_WORD_SLOTS, 0);
}

void lofty_pushword (lua_State *L, LoftyWords *words, int table, const LoftyWord *word) {
  unsigned slot = lofty_word_slot(word);
  LoftyWord *known = &words->known[slot];
  if (known->text && lofty_word_same(known, word)) {
    lua_rawgeti(L, table, (int)slot + 1);
    return;
  }
  lua_pushlstring(L, word->text, word->size);
  if (word->size > LONGEST) return;
  lua_pushvalue(L, -1);
  lua_rawseti(L, table, (int)slot + 1); /* the old string may be gone from here on */
  *known = *word;
  known->text = lua_tostring(L, -1);
}
