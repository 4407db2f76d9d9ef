/*
** value.h - the exact text of a Lua value, as a path, a query or JSON has it,
** and lofty.integer, whose text is all it is.
*/
#ifndef LOFTY_LUA_VALUE_H
#define LOFTY_LUA_VALUE_H

#include "core/json.h"
#include "compat.h"

#define LOFTY_VALUE_TEXT 48 /* room for whatever is written here */

/*
** The text of a number, a lofty.integer, a 64-bit integer of LuaJIT's ffi or a
** boolean at 'index', as a path or a query shows it, into 'out', without a NUL.
** Returns its length, or 0 and *problem in plain words.
*/
size_t lofty_value_text (lua_State *L, int index, char *out, const char **problem);

/* The same for what is bare digits in JSON: all of these but the booleans. */
size_t lofty_json_number (lua_State *L, int index, char *out, const char **problem);

/* integer(digits) -> the value that is written as these digits everywhere */
int lofty_integer_new (lua_State *L);

/* json_encode(value) -> text | nil, message; its upvalue is the metatable of arrays (json_out.c) */
int lofty_json_encode (lua_State *L);

#endif
