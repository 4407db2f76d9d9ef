/* SPDX-License-Identifier: MIT */
/*
** params.c - encodes Lua tables as paths, queries and forms, and decodes queries. Every
** error message names the parameter.
*/
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/uri.h"
#include "buffer.h"
#include "core.h"
#include "value.h"

/* A parameter's name, and its index in the array of names that keeps the string alive. */
typedef struct Name {
  LoftySpan text;
  int index;
} Name;

static int compare_names (const void *a, const void *b) {
  const LoftySpan *x = &((const Name *)a)->text, *y = &((const Name *)b)->text;
  size_t size = x->size < y->size ? x->size : y->size;
  int order = size > 0 ? memcmp(x->data, y->data, size) : 0;
  return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/*
** Pushes an array with the names of the table at 1, then a userdata with the names sorted,
** so that equal tables give equal strings. NULL, with nil and a message pushed, if a name is
** not a string.
*/
static Name *push_names (lua_State *L, int *count) {
  Name *names;
  int i, n = 0;
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || n == (int)LOFTY_MAX_URI) {
      const char *kind = luaL_typename(L, -2);
      lua_pushnil(L);
      if (n == (int)LOFTY_MAX_URI)
        lua_pushliteral(L, "too many parameters");
      else
        lua_pushfstring(L, "a parameter's name must be a string, not a %s", kind);
      return NULL;
    }
    lua_pushvalue(L, -2);
    lua_rawseti(L, 2, ++n);
  }
  names = (Name *)lua_newuserdata(L, ((size_t)n + 1) * sizeof(Name));
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, 2, i + 1);
    names[i].text = lofty_tospan(L, -1);
    names[i].index = i + 1;
    lua_pop(L, 1);
  }
  qsort(names, (size_t)n, sizeof(Name), compare_names);
  *count = n;
  return names;
}

/*
** The text of the value at 'index': a string's bytes, or what lofty_value_text writes into
** 'room'. Returns 0 and *problem, which may be a string on the stack, for other values.
*/
static int value_span (lua_State *L, int index, char room[LOFTY_VALUE_TEXT], LoftySpan *span,
                       const char **problem) {
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) {
    *span = lofty_tospan(L, index);
    return 1;
  }
  if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
    *problem = "is null: leave it out";
    return 0;
  }
  span->data = room;
  span->size = lofty_value_text(L, index, room, problem);
  if (span->size == 0) *problem = lua_pushfstring(L, "is %s", *problem);
  return span->size > 0;
}

/* Appends name=value; returns NULL, or what is wrong with the value. */
static const char *add_value (lua_State *L, int index, LoftyBuf *out, LoftySpan name, int form) {
  char room[LOFTY_VALUE_TEXT];
  LoftySpan span;
  const char *problem = NULL;
  if (!value_span(L, index, room, &span, &problem)) return problem;
  if (lofty_query_add(out, name, span, form) == LOFTY_BAD) return lofty_line_problem(span);
  return NULL;
}

/*
** Appends name=value for each item of the array on the top. Refuses an empty array: without
** the parameter, an empty filter would match everything. *at is the index of the invalid
** item, or 0 for the array itself.
*/
static const char *add_array (lua_State *L, LoftyBuf *out, LoftySpan name, int form, int *at) {
  size_t size = lofty_rawlen(L, -1), keys = 0;
  int array = lua_gettop(L);
  const char *problem;
  for (lua_pushnil(L); lua_next(L, array); lua_pop(L, 1)) keys++;
  *at = 0;
  if (keys == 0) return "is an empty array: leave it out";
  if (keys != size || size > LOFTY_MAX_URI) return "is a table that is not an array";
  while ((size_t)*at < size) {
    ++*at;
    lua_rawgeti(L, array, *at);
    if (lua_istable(L, -1)) return "is a table";
    problem = add_value(L, -1, out, name, form);
    if (problem) return problem;
    lua_pop(L, 1);
  }
  return NULL;
}

/*
** core.query_encode(params) -> string | nil, message
** core.form_encode(params) does the same for a request body: "+" for a space, and line
** breaks are allowed.
*/
static int encode_params (lua_State *L, int form) {
  LoftyBuf *out;
  Name *names;
  int i, count = 0;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  names = push_names(L, &count);
  if (!names) return 2;
  out = lofty_newbuf(L, form ? LOFTY_MAX_REQUEST : LOFTY_MAX_URI);
  for (i = 0; i < count && out->status == LOFTY_OK; i++) {
    LoftySpan name = names[i].text;
    const char *problem = NULL;
    int at = 0;
    lua_settop(L, 4);
    if (!form && lofty_line_problem(name)) {
      const char *shown = lofty_pushshown(L, name);
      lua_pushnil(L);
      lua_pushfstring(L, "parameter name \"%s\" %s", shown, lofty_line_problem(name));
      return 2;
    }
    lua_rawgeti(L, 2, names[i].index);
    lua_rawget(L, 1);
    if (lua_istable(L, -1))
      problem = add_array(L, out, name, form, &at);
    else
      problem = add_value(L, -1, out, name, form);
    if (problem) {
      const char *shown = lofty_pushshown(L, name);
      lua_pushnil(L);
      if (at > 0)
        lua_pushfstring(L, "parameter \"%s\"[%d] %s", shown, at, problem);
      else
        lua_pushfstring(L, "parameter \"%s\" %s", shown, problem);
      return 2;
    }
  }
  return lofty_pushbuf(L, out, form ? "the form" : "the query");
}

static int query_encode (lua_State *L) {
  return encode_params(L, 0);
}

static int form_encode (lua_State *L) {
  return encode_params(L, 1);
}

/* Pushes the decoded 'in'; 0, with nil and a message pushed, if it is malformed. */
static int push_decoded (lua_State *L, LoftyBuf *out, LoftySpan in, size_t offset) {
  size_t at = 0;
  lofty_buf_clear(out);
  if (lofty_percent_decode(out, in, 1, &at) == LOFTY_BAD) {
    lofty_pushbad(L, "a \"%\" without two hex digits", offset + at);
    return 0;
  }
  if (out->status != LOFTY_OK)
    luaL_error(L, "not enough memory"); /* the decoded text is never longer */
  lua_pushlstring(L, out->size > 0 ? out->data : "", out->size);
  return 1;
}

/*
** core.query_decode(s) -> table | nil, message. A repeated parameter is an error (RFC 6749,
** section 3.1).
*/
static int query_decode (lua_State *L) {
  LoftySpan s = lofty_checkspan(L, 1);
  LoftyBuf *out;
  size_t i = 0;
  lua_settop(L, 1);
  lua_newtable(L);
  out = lofty_newbuf(L, LOFTY_MAX_URI);
  if (s.size > LOFTY_MAX_URI) {
    out->status = LOFTY_TOO_LONG;
    return lofty_pushbuf(L, out, "the query");
  }
  while (i < s.size) {
    const char *end = (const char *)memchr(s.data + i, '&', s.size - i);
    size_t size = end ? (size_t)(end - s.data) - i : s.size - i;
    const char *equals = (const char *)memchr(s.data + i, '=', size);
    LoftySpan name, value;
    name.data = s.data + i;
    name.size = equals ? (size_t)(equals - name.data) : size;
    value.data = name.data + name.size + (equals ? 1 : 0);
    value.size = size - name.size - (equals ? 1 : 0);
    if (size > 0) {
      if (!push_decoded(L, out, name, i)) return 2;
      lua_pushvalue(L, -1);
      lua_rawget(L, 2);
      if (!lua_isnil(L, -1)) {
        const char *shown = lofty_pushshown(L, lofty_tospan(L, -2));
        lua_pushnil(L);
        lua_pushfstring(L, "parameter \"%s\" appears more than once", shown);
        return 2;
      }
      lua_pop(L, 1);
      if (!push_decoded(L, out, value, (size_t)(value.data - s.data))) return 2;
      lua_rawset(L, 2);
    }
    i += size + 1;
  }
  lua_settop(L, 2);
  return 1;
}

/*
** Appends the value of 'name' in params (at 2, or nil); returns NULL, or what is wrong with
** it. Refuses booleans, which are valid in a query but never an id.
*/
static const char *add_segment (lua_State *L, LoftyBuf *out, LoftySpan name) {
  char room[LOFTY_VALUE_TEXT];
  LoftySpan span;
  const char *problem = NULL;
  int type;
  if (lua_isnil(L, 2)) return "is missing";
  lua_pushlstring(L, name.data, name.size);
  lua_rawget(L, 2);
  type = lua_type(L, -1);
  if (type == LUA_TNIL) return "is missing";
  if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, -1)) return "is null";
  if (type == LUA_TBOOLEAN) return "is a boolean; give a string or a number";
  if (!value_span(L, -1, room, &span, &problem)) return problem;
  if (lofty_path_add(out, span, &problem) == LOFTY_BAD) return problem;
  lua_pop(L, 1);
  return NULL;
}

/* Pushes nil and what is wrong with the template at the start of 'rest'. */
static int bad_template (lua_State *L, LoftySpan pattern, LoftySpan rest) {
  size_t at = pattern.size - rest.size;
  const char *what = "the path holds a malformed {name} or a byte that must be percent-encoded";
  if (rest.size > 0 && (rest.data[0] == '?' || rest.data[0] == '#'))
    what = "the path holds a query or a fragment (give a query as parameters)";
  return lofty_pushbad(L, what, at);
}

/* True, with nil and a message pushed, if the path has dot segments. */
static int bad_path (lua_State *L, LoftySpan path) {
  if (!lofty_path_dotted(path)) return 0;
  lua_pushnil(L);
  lua_pushliteral(L, "the path holds a \".\" or \"..\" segment");
  return 1;
}

/* core.path_expand(template, params) -> path | nil, message */
static int path_expand (lua_State *L) {
  LoftySpan pattern = lofty_checkspan(L, 1), rest = pattern, piece, path;
  LoftyBuf *out;
  LoftyCode step;
  int is_name = 0;
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  if (pattern.size == 0 || pattern.data[0] != '/') {
    lua_pushnil(L);
    lua_pushliteral(L, "the path does not start with \"/\"");
    return 2;
  }
  step = lofty_template_next(&rest, &piece, &is_name);
  if (step == LOFTY_MORE && rest.size == 0 && pattern.size <= LOFTY_MAX_URI) { /* no names */
    if (bad_path(L, pattern)) return 2;
    lua_pushvalue(L, 1);
    return 1;
  }
  out = lofty_newbuf(L, LOFTY_MAX_URI);
  for (; step == LOFTY_MORE; step = lofty_template_next(&rest, &piece, &is_name)) {
    const char *problem = NULL;
    if (is_name)
      problem = add_segment(L, out, piece);
    else
      lofty_buf_add(out, piece.data, piece.size);
    if (problem) {
      const char *shown = lofty_pushshown(L, piece);
      lua_pushnil(L);
      lua_pushfstring(L, "path parameter \"%s\" %s", shown, problem);
      return 2;
    }
  }
  if (step == LOFTY_BAD) return bad_template(L, pattern, rest);
  path.data = out->data;
  path.size = out->size;
  if (out->status == LOFTY_OK && bad_path(L, path)) return 2;
  return lofty_pushbuf(L, out, "the path");
}

static const luaL_Reg functions[] = {{"form_encode", form_encode},
                                     {"path_expand", path_expand},
                                     {"query_decode", query_decode},
                                     {"query_encode", query_encode},
                                     {NULL, NULL}};

void lofty_open_params (lua_State *L) {
  lofty_setfuncs(L, functions, 0);
}
