/* SPDX-License-Identifier: MIT */
/*
** library.c - loads a C module such that the functions of its libraries are bound at their first calls.
*/
#include <dlfcn.h>

#include "core.h"

/*
** core.load_lazily(path): Lua loads modules with RTLD_NOW, which binds every function of every library that they need;
** for libcurl these are some thirty libraries, of which a request calls little. A library that is already loaded stays
** as it is, so that a `require` afterwards only finds the module. It stays loaded. A failure is reported by `require`.
*/
static int load_lazily (lua_State *L) {
  (void)dlopen(luaL_checkstring(L, 1), RTLD_LAZY | RTLD_LOCAL);
  return 0;
}

void lofty_open_library (lua_State *L) {
  lua_pushcfunction(L, load_lazily);
  lua_setfield(L, -2, "load_lazily");
}
