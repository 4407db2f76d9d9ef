/* SPDX-License-Identifier: MIT */
/*
** state.h - creates a Lua state with a custom allocator, on any Lua version.
*/
#ifndef LOFTY_TORTURE_STATE_H
#define LOFTY_TORTURE_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#if LUA_VERSION_NUM >= 505
#define new_state(allocator) lua_newstate(allocator, NULL, 0) /* 0: the seed of its hash tables */
#else
#define new_state(allocator) lua_newstate(allocator, NULL)
#endif

/*
** A state with Lua's libraries, or NULL. Lua 5.4.4 makes the metatable of its own
** string buffers at first use, and a failed allocation during that leaves it
** unusable: so it is made here, before allocations fail.
*/
static lua_State *open_lua (lua_Alloc allocator) {
  lua_State *L = new_state(allocator);
  luaL_Buffer buffer;
  if (!L) return NULL;
  luaL_openlibs(L);
  luaL_buffinitsize(L, &buffer, 16 * LUAL_BUFFERSIZE); /* more than fits on the C stack */
  luaL_pushresultsize(&buffer, 0);
  lua_pop(L, 1);
  return L;
}

#endif
