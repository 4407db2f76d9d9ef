/*
** state.h - a Lua state with an allocator of our own, on any Lua.
*/
#ifndef LOFTY_TORTURE_STATE_H
#define LOFTY_TORTURE_STATE_H

#include <lua.h>

#if LUA_VERSION_NUM >= 505
#define new_state(allocator) lua_newstate(allocator, NULL, 0) /* 0: the seed of its hash tables */
#else
#define new_state(allocator) lua_newstate(allocator, NULL)
#endif

#endif
