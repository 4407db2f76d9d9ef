/* SPDX-License-Identifier: MIT */
/*
** value.h - the exact text of a Lua value for paths, queries and JSON, and
** lofty.integer, a value that holds the digits of an integer of any size.
*/
#ifndef LOFTY_LUA_VALUE_H
#define LOFTY_LUA_VALUE_H

#include "core/json.h"
#include "compat.h"

#define LOFTY_VALUE_TEXT 48 /* maximum size of a text */

/*
** Writes the number, lofty.integer, 64-bit cdata (LuaJIT) or boolean at 'index' as it
** appears in a path or a query, without a NUL. Returns the size, or 0 and *problem.
*/
size_t lofty_value_text (lua_State *L, int index, char *out, const char **problem);

/* As lofty_value_text, for a number in JSON; booleans are not accepted. */
size_t lofty_json_number (lua_State *L, int index, char *out, const char **problem);

/* integer(digits) -> lofty.integer */
int lofty_integer_new (lua_State *L);

/* json_encode(value) -> text | nil, message; its upvalue is the metatable of arrays (json_out.c) */
int lofty_json_encode (lua_State *L);

#endif
