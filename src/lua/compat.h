/* SPDX-License-Identifier: MIT */
/*
** compat.h - one API over Lua 5.1 to 5.5 and LuaJIT. Nothing else tests LUA_VERSION_NUM.
** Static functions with our own prefix, since a C module may not define lua_ or luaL_
** names. A module built for 5.1 also runs in LuaJIT, so what only LuaJIT has is looked
** for at run time.
*/
#ifndef LOFTY_LUA_COMPAT_H
#define LOFTY_LUA_COMPAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#define LOFTY_EXPORT __attribute__((visibility("default")))

/* The entry of each module, the only symbols that our shared objects export. */
LOFTY_EXPORT int luaopen_lofty_core (lua_State *L);
LOFTY_EXPORT int luaopen_lofty_terminal (lua_State *L);
LOFTY_EXPORT int luaopen_lofty_crypto (lua_State *L);
LOFTY_EXPORT int luaopen_lofty_curl (lua_State *L);
LOFTY_EXPORT int luaopen_lofty_file (lua_State *L);
LOFTY_EXPORT int luaopen_lofty_redis (lua_State *L);

#define LOFTY_TCDATA 10     /* LuaJIT's type for ffi values; other Luas have no type 10 */
#define LOFTY_INT64_TEXT 24 /* room for the digits of any 64-bit integer, its sign and a NUL */

#if LUA_VERSION_NUM < 502
/* Absent in 5.1 and LuaJIT, present in all later versions. */
extern void lua_callk (lua_State *L, int nargs, int nresults, ptrdiff_t context, void *k)
    __attribute__((weak));
#endif

/*
** Raises in a Lua for which this module was not built; called first in every
** luaopen_, since such a module would load and crash later.
*/
static inline void lofty_checkversion (lua_State *L) {
#if LUA_VERSION_NUM < 502
  if (lua_callk) luaL_error(L, "this module was built for Lua 5.1 or LuaJIT");
#else
  luaL_checkversion(L);
#endif
}

/* The main thread; on 5.1 and LuaJIT NULL unless 'L' is the main thread. */
static inline lua_State *lofty_mainthread (lua_State *L) {
  lua_State *thread;
#if LUA_VERSION_NUM < 502
  thread = lua_pushthread(L) ? L : NULL;
#else
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  thread = lua_tothread(L, -1);
#endif
  lua_pop(L, 1);
  return thread;
}

/* 'index' counted from the bottom of the stack. */
static inline int lofty_absindex (lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

/* Raw length: of a string, a table (its border) or a userdata. */
static inline size_t lofty_rawlen (lua_State *L, int index) {
#if LUA_VERSION_NUM < 502
  return lua_objlen(L, index);
#else
  return (size_t)lua_rawlen(L, index);
#endif
}

/*
** The userdata on which a method was called; raises if it is not of this type. Upvalue 1 of
** the method is the type's metatable, so that the registry is not searched by name.
*/
static inline void *lofty_checkself (lua_State *L, const char *type) {
  void *self = lua_touserdata(L, 1);
  int same = 0;
  if (self && lua_getmetatable(L, 1)) {
    same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
  }
  return same ? self : luaL_checkudata(L, 1, type);
}

/*
** As luaL_setfuncs: adds the functions to the table below the 'upvalues' values on the top,
** which become the upvalues of each function and are popped.
*/
static inline void lofty_setfuncs (lua_State *L, const luaL_Reg *list, int upvalues) {
  luaL_checkstack(L, upvalues + 1, "too many upvalues");
  for (; list->name; list++) {
    int i;
    for (i = 0; i < upvalues; i++) lua_pushvalue(L, -upvalues);
    lua_pushcclosure(L, list->func, upvalues);
    lua_setfield(L, -(upvalues + 2), list->name);
  }
  lua_pop(L, upvalues);
}

/* Pushes a new table with the functions of 'list'. */
static inline void lofty_newlib (lua_State *L, const luaL_Reg *list) {
  lua_newtable(L);
  lofty_setfuncs(L, list, 0);
}

/* A type of userdata; 'close' also serves the garbage collector and "local x <close>". */
static inline void lofty_newtype (lua_State *L, const char *name, const luaL_Reg *methods,
                                  lua_CFunction close) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__close");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lofty_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* The userdata at 'index' if its metatable is 'name', otherwise NULL; never raises. */
static inline void *lofty_testudata (lua_State *L, int index, const char *name) {
  void *block = lua_touserdata(L, index);
  int same;
  if (!block || !lua_getmetatable(L, index)) return NULL;
  luaL_getmetatable(L, name);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? block : NULL;
}

/* This Lua has an integer subtype (5.3 and newer). */
#define LOFTY_HAS_INTEGERS (LUA_VERSION_NUM >= 503)

/* True for an integer of Lua 5.3 and newer; always false in older ones. */
static inline int lofty_isinteger (lua_State *L, int index) {
#if LUA_VERSION_NUM < 503
  (void)L;
  (void)index;
  return 0;
#else
  return lua_isinteger(L, index);
#endif
}

/* Pushes an integer of at most 53 bits; an integer for Lua where it has those. */
static inline void lofty_pushint64 (lua_State *L, int64_t value) {
#if LUA_VERSION_NUM < 503
  lua_pushnumber(L, (lua_Number)value);
#else
  lua_pushinteger(L, (lua_Integer)value);
#endif
}

/* The argument 'index' as a number of bytes; raises unless it is a number from 0 to 1e15. */
static inline size_t lofty_checksize (lua_State *L, int index) {
  lua_Number size = luaL_checknumber(L, index);
  luaL_argcheck(L, size >= 0 && size <= 1e15, index, "not a size in bytes");
  return (size_t)size;
}

/* Pushes t[key], raw, for the light userdata 'key' and the table t at 'index'. */
static inline void lofty_rawgetp (lua_State *L, int index, const void *key) {
  int table = lofty_absindex(L, index);
  lua_pushlightuserdata(L, (void *)(size_t)key);
  lua_rawget(L, table);
}

/* Pops a value and sets t[key] to it, raw; as lofty_rawgetp. */
static inline void lofty_rawsetp (lua_State *L, int index, const void *key) {
  int table = lofty_absindex(L, index);
  lua_pushlightuserdata(L, (void *)(size_t)key);
  lua_insert(L, -2);
  lua_rawset(L, table);
}

static inline int lofty_is_cdata (lua_State *L, int index) {
  return lua_type(L, index) == LOFTY_TCDATA;
}

/*
** The decimal digits of an int64_t or uint64_t of LuaJIT's ffi, NUL-terminated
** in 'out'; returns their count, 0 for anything else. Its own __tostring writes
** them with LL or ULL at the end. Raises when memory runs out.
*/
static inline size_t lofty_int64_text (lua_State *L, int index, char out[LOFTY_INT64_TEXT]) {
  const char *text;
  size_t size = 0, i = 0;
  if (!lofty_is_cdata(L, index) || !luaL_callmeta(L, index, "__tostring")) return 0;
  text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
  if (text && size > 2 && memcmp(text + size - 2, "LL", 2) == 0) {
    size -= text[size - 3] == 'U' ? 3 : 2;
    if (text[0] == '-') i = 1;
    if (size > i && size < LOFTY_INT64_TEXT) {
      while (i < size && text[i] >= '0' && text[i] <= '9') i++;
      if (i == size) {
        memcpy(out, text, size);
        out[size] = '\0';
        lua_pop(L, 1);
        return size;
      }
    }
  }
  lua_pop(L, 1);
  return 0;
}

#endif
