/* SPDX-License-Identifier: MIT */
/*
** value.c - the exact text of a Lua value for paths, queries and JSON, and lofty.integer.
** A number that may have lost digits is an error.
*/
#include "core/json.h"
#include "core/number.h"
#include "value.h"

#include <math.h>

#define INTEGER_T "lofty.integer"
#define MAX_DIGITS (LOFTY_VALUE_TEXT - 1) /* including the sign */

#define SAFE 9007199254740992.0 /* 2^53: from here on a double may stand for several integers */

static const char inexact[] = "a number too large to be exact (give its digits as a string)";
static const char not_finite[] = "a number that is not finite";

/* --- text of values --- */

/* The digits of a lofty.integer, or NULL for anything else. */
static const char *integer_digits (lua_State *L, int index, size_t *size) {
  const char *digits = (const char *)lofty_testudata(L, index, INTEGER_T);
  if (digits) *size = lofty_rawlen(L, index);
  return digits;
}

static size_t boolean_text (int value, char *out) {
  memcpy(out, value ? "true" : "false", 5);
  return value ? 4 : 5;
}

/* The text of a lofty.integer or a 64-bit cdata; 0 and *problem for any other value. */
static size_t boxed_text (lua_State *L, int index, char *out, const char **problem) {
  size_t size = lofty_int64_text(L, index, out);
  if (!size) {
    const char *digits = integer_digits(L, index, &size);
    if (digits)
      memcpy(out, digits, size);
    else
      size = 0;
  }
  if (!size) *problem = "not a string, a number or a boolean";
  return size;
}

/* An integral double below 2^53 with all its digits, otherwise its shortest form. */
static size_t double_text (double value, char *out) {
  if (value == floor(value) && fabs(value) < SAFE) return lofty_integer_text((int64_t)value, out);
  return lofty_real_text(value, out);
}

/*
** Refuses integral doubles from 2^53 on: they may be a rounded id, as LuaJIT reads
** 9007199254740993 as ...992.
*/
size_t lofty_value_text (lua_State *L, int index, char *out, const char **problem) {
  double value;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: return boolean_text(lua_toboolean(L, index), out);
    case LUA_TNUMBER: break;
    default: return boxed_text(L, index, out, problem);
  }
  if (lofty_isinteger(L, index)) return lofty_integer_text((int64_t)lua_tointeger(L, index), out);
  value = (double)lua_tonumber(L, index);
  if (!isfinite(value)) {
    *problem = not_finite;
    return 0;
  }
  if (value == floor(value) && fabs(value) >= SAFE) {
    *problem = inexact;
    return 0;
  }
  return double_text(value, out);
}

/*
** In a Lua with integers, a float is written as a float (1000.0). In others, an integral
** number is written as an integer, and refused if it may be a rounded 64-bit id: from 2^53
** to 2^64.
*/
size_t lofty_json_number (lua_State *L, int index, char *out, const char **problem) {
  double value;
  if (lua_type(L, index) != LUA_TNUMBER) return boxed_text(L, index, out, problem);
  if (lofty_isinteger(L, index)) return lofty_integer_text((int64_t)lua_tointeger(L, index), out);
  value = (double)lua_tonumber(L, index);
  if (!isfinite(value)) {
    *problem = not_finite;
    return 0;
  }
#if LOFTY_HAS_INTEGERS
  return lofty_real_text(value, out);
#else
  if (value == 0 && signbit(value)) {
    memcpy(out, "-0", 2);
    return 2;
  }
  if (value == floor(value) && fabs(value) >= SAFE && fabs(value) <= 2048 * SAFE) {
    *problem = inexact;
    return 0;
  }
  return double_text(value, out);
#endif
}

/* --- lofty.integer --- */

/* Whether the digits are an integer as JSON writes it: equal values have equal digits; no -0. */
static int is_canonical (const char *p, size_t size) {
  size_t i = size > 0 && p[0] == '-' ? 1 : 0;
  if (i == size || size > MAX_DIGITS || (p[i] == '0' && size > 1)) return 0;
  for (; i < size; i++)
    if (p[i] < '0' || p[i] > '9') return 0;
  return 1;
}

static int integer_tostring (lua_State *L) {
  size_t size = 0;
  const char *digits = integer_digits(L, 1, &size);
  luaL_argcheck(L, digits != NULL, 1, INTEGER_T " expected");
  lua_pushlstring(L, digits, size);
  return 1;
}

/* integer .. string and string .. integer */
static int integer_concat (lua_State *L) {
  int i;
  lua_settop(L, 2);
  for (i = 1; i <= 2; i++) {
    size_t size = 0;
    const char *digits = integer_digits(L, i, &size);
    if (!digits) luaL_argcheck(L, lua_isstring(L, i), i, "string or " INTEGER_T " expected");
    if (digits)
      lua_pushlstring(L, digits, size);
    else
      lua_pushvalue(L, i);
  }
  lua_concat(L, 2);
  return 1;
}

static void push_metatable (lua_State *L) {
  static const luaL_Reg methods[] = {
      {"__tostring", integer_tostring}, {"__concat", integer_concat}, {NULL, NULL}};
  if (!luaL_newmetatable(L, INTEGER_T)) return;
  lofty_setfuncs(L, methods, 0);
  lua_pushliteral(L, INTEGER_T);
  lua_setfield(L, -2, "__metatable"); /* hides the metatable from Lua */
}

/* Pushes the table of existing integers: digits -> value, with weak values. */
static void push_integers (lua_State *L) {
  static const char key = 0;
  lofty_rawgetp(L, LUA_REGISTRYINDEX, &key);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lofty_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

/*
** integer(digits) -> a value for the integer with these digits, of any size. Equal digits
** give the same userdata, so values can be compared with == and used as keys.
*/
int lofty_integer_new (lua_State *L) {
  size_t size;
  const char *digits;
  luaL_checktype(L, 1, LUA_TSTRING);
  digits = lua_tolstring(L, 1, &size);
  luaL_argcheck(L, is_canonical(digits, size), 1, "the decimal digits of an integer expected");
  lua_settop(L, 1);
  push_integers(L);
  lua_pushvalue(L, 1);
  lua_rawget(L, 2);
  if (!lua_isnil(L, 3)) return 1;
  lua_pop(L, 1);
  memcpy(lua_newuserdata(L, size), digits, size);
  push_metatable(L);
  lua_setmetatable(L, 3);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 3);
  lua_rawset(L, 2);
  return 1;
}
