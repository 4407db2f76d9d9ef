/*
** lhead.h - the fields of an answer's head as a Lua table, for both readers of heads.
*/
#ifndef LOFTY_LHEAD_H
#define LOFTY_LHEAD_H

#include <lua.h>

#include "core.h"

/* Pushes lower-case name -> value; the values of a name that came more than once are joined. */
static inline void lofty_pushfields (lua_State *L, const LoftyHttpHead *head) {
  LoftySpan name, value;
  size_t index = 0;
  lua_createtable(L, 0, (int)lofty_http_head_lines(head));
  while (lofty_http_head_field(head, &index, &name, &value)) {
    lua_pushlstring(L, name.data, name.size);
    lua_pushlstring(L, value.data, value.size);
    lua_rawset(L, -3);
  }
}

#endif
