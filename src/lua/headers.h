/* SPDX-License-Identifier: MIT */
/*
** headers.h - the fields of a response's head as a Lua table, for both transports.
*/
#ifndef LOFTY_LUA_HEADERS_H
#define LOFTY_LUA_HEADERS_H

#include "core/head.h"
#include "string_cache.h"

/*
** Pushes a table: lower-case name -> value, values of repeated names joined. Names and
** values repeat from response to response, so they go through the string cache, whose
** userdata and table are the upvalues 'first' and first + 1.
*/
static inline void lofty_pushfields (lua_State *L, const LoftyHttpHead *head, int first) {
  LoftyStringCache *cache = (LoftyStringCache *)lua_touserdata(L, lua_upvalueindex(first));
  int table = lua_upvalueindex(first + 1);
  LoftySpan name, value;
  size_t index = 0;
  lua_createtable(L, 0, (int)lofty_http_head_lines(head));
  while (lofty_http_head_field(head, &index, &name, &value)) {
    lofty_pushcachedspan(L, cache, table, name);
    lofty_pushcachedspan(L, cache, table, value);
    lua_rawset(L, -3);
  }
}

#endif
