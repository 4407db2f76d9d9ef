/* SPDX-License-Identifier: MIT */
/*
** state.h - allocators that fail on demand, and a Lua state, on any Lua version, that uses one.
*/
#ifndef LOFTY_TORTURE_STATE_H
#define LOFTY_TORTURE_STATE_H

#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#if LUA_VERSION_NUM >= 505
#define new_state(allocator) lua_newstate(allocator, NULL, 0) /* 0: the seed of its hash tables */
#else
#define new_state(allocator) lua_newstate(allocator, NULL)
#endif

static int refuse (void); /* the including file's: counts an allocation; true when it must fail */

static long live; /* blocks of counted_realloc */

/* For the core and libcurl. */
static void *counted_realloc (void *block, size_t size) {
  void *fresh;
  if (size == 0) {
    if (block) live--;
    free(block);
    return NULL;
  }
  if (refuse()) return NULL;
  fresh = realloc(block, size);
  if (fresh && !block) live++;
  return fresh;
}

static void *lua_realloc (void *user, void *block, size_t old, size_t size) {
  (void)user;
  if (size == 0) {
    free(block);
    return NULL;
  }
  if ((!block || size > old) && refuse()) return NULL; /* Lua relies on shrinking to succeed */
  return realloc(block, size);
}

/*
** A state with Lua's libraries, or NULL. Lua 5.4.4 makes the metatable of its own
** string buffers at first use, and a failed allocation during that leaves it
** unusable: so it is made here, before allocations fail.
*/
static lua_State *open_lua (void) {
  lua_State *L = new_state(lua_realloc);
  luaL_Buffer buffer;
  if (!L) return NULL;
  luaL_openlibs(L);
  luaL_buffinitsize(L, &buffer, 16 * LUAL_BUFFERSIZE); /* more than fits on the C stack */
  luaL_pushresultsize(&buffer, 0);
  lua_pop(L, 1);
  return L;
}

#endif
