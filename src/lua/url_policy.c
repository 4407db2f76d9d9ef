/* SPDX-License-Identifier: MIT */
/*
** url_policy.c - the rules for URLs and header fields as Lua functions; see
** lua/lofty/http/url_policy.lua.
*/
#include "core/url_policy.h"
#include "buffer.h"
#include "core.h"

/*
** core.url_parse(text) -> { secure, loopback, literal, host, port, origin, target }
**                       | nil, message
*/
static int url_parse (lua_State *L) {
  LoftySpan text = lofty_checkspan(L, 1);
  LoftyUrl url;
  const char *problem = lofty_url_parse(text, &url);
  if (problem) {
    lua_pushnil(L);
    lua_pushstring(L, problem);
    return 2;
  }
  lua_createtable(L, 0, 7);
  lua_pushboolean(L, url.secure);
  lua_setfield(L, -2, "secure");
  lua_pushboolean(L, url.loopback);
  lua_setfield(L, -2, "loopback");
  lua_pushboolean(L, url.literal);
  lua_setfield(L, -2, "literal");
  lua_pushstring(L, url.host);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, url.port);
  lua_setfield(L, -2, "port");
  lua_pushlstring(L, text.data, url.origin_size);
  lua_setfield(L, -2, "origin");
  lua_pushlstring(L, url.target.data, url.target.size);
  lua_setfield(L, -2, "target");
  return 1;
}

/* core.field_problem(name, value) -> nil when the field may be sent, else a message */
static int field_problem (lua_State *L) {
  const char *problem = lofty_field_problem(lofty_checkspan(L, 1), lofty_checkspan(L, 2));
  if (!problem) return 0;
  lua_pushstring(L, problem);
  return 1;
}

static const luaL_Reg functions[] = {
    {"field_problem", field_problem}, {"url_parse", url_parse}, {NULL, NULL}};

void lofty_open_url_policy (lua_State *L) {
  lofty_setfuncs(L, functions, 0);
}
