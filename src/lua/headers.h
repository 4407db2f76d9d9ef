/*
** headers.h - the fields of an answer's head as a Lua table, for both readers of heads.
*/
#ifndef LOFTY_LUA_HEADERS_H
#define LOFTY_LUA_HEADERS_H

#include "core/head.h"
#include "string_cache.h"

/*
** Pushes lower-case name -> value; the values of a name that came more than once
** are joined. One answer is much like the other, so their strings are words: the
** values of lofty_newwords are the upvalues 'first' and the one after it.
*/
static inline void lofty_pushfields (lua_State *L, const LoftyHttpHead *head, int first) {
  LoftyWords *words = (LoftyWords *)lua_touserdata(L, lua_upvalueindex(first));
  int table = lua_upvalueindex(first + 1);
  LoftySpan name, value;
  size_t index = 0;
  lua_createtable(L, 0, (int)lofty_http_head_lines(head));
  while (lofty_http_head_field(head, &index, &name, &value)) {
    lofty_pushspan(L, words, table, name);
    lofty_pushspan(L, words, table, value);
    lua_rawset(L, -3);
  }
}

#endif
