/* SPDX-License-Identifier: MIT */
/*
** core.c - luaopen_lofty_core: adds the functions of all parts to one table.
*/
#include "core/limits.h"
#include "buffer.h"
#include "core.h"

/* core.limits: name -> maximum, see core/limits.h. */
static void push_limits (lua_State *L) {
  lua_newtable(L);
#define SET_FIELD(name, value)                                                                     \
  lua_pushinteger(L, (lua_Integer)(value));                                                        \
  lua_setfield(L, -2, #name);
  LOFTY_LIMITS(SET_FIELD)
#undef SET_FIELD
}

int luaopen_lofty_core (lua_State *L) {
  lofty_checkversion(L);
  lofty_open_buf(L);
  lua_newtable(L);
  push_limits(L);
  lua_setfield(L, -2, "limits");
  lofty_open_encodings(L);
  lofty_open_params(L);
  lofty_open_grant(L);
  lofty_open_json(L);
  lofty_open_http1(L);
  lofty_open_url_policy(L);
  lofty_open_library(L);
  return 1;
}
