/* SPDX-License-Identifier: MIT */
/*
** library.c - loads a C module so that the functions of its libraries are bound when they are first called.
*/
#include <dlfcn.h>

#include "core.h"

/* glibc's dlopen copies a name without a slash to the stack, however long it is. */
#define MAX_PATH 4096

/*
** core.load_lazily(path): loads a C module with RTLD_LAZY and keeps it loaded; `require` then finds it. Lua itself uses
** RTLD_NOW, which binds every function of every library at once: libcurl needs some thirty libraries, of which a request
** calls few functions. A failure is ignored here, since `require` reports it.
*/
static int load_lazily (lua_State *L) {
  size_t size;
  const char *path = luaL_checklstring(L, 1, &size);
  if (size < MAX_PATH) (void)dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  return 0;
}

void lofty_open_library (lua_State *L) {
  lua_pushcfunction(L, load_lazily);
  lua_setfield(L, -2, "load_lazily");
}
