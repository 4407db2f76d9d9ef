/* SPDX-License-Identifier: MIT */
/*
** oauth.c - Basic credentials and token requests as Lua functions. No message shows
** a secret, a code or a token.
*/
#include <string.h>

#include "core/limits.h"
#include "core/token_request.h"
#include "buffer.h"
#include "core.h"

static const char *const basic_names[] = {"plain", "form", NULL};
static const LoftyBasic basic_values[] = {LOFTY_BASIC_PLAIN, LOFTY_BASIC_FORM};

static const char *const authentication_names[] = {"basic", "body", "none", NULL};
static const LoftyClientAuthentication authentication_values[] = {
    LOFTY_CLIENT_BASIC, LOFTY_CLIENT_BODY, LOFTY_CLIENT_NONE};

static const char *const grant_names[] = {"authorization_code", "refresh_token",
                                          "client_credentials", NULL};
static const LoftyGrantType grant_values[] = {
    LOFTY_GRANT_AUTHORIZATION_CODE, LOFTY_GRANT_REFRESH_TOKEN, LOFTY_GRANT_CLIENT_CREDENTIALS};

static int refused (lua_State *L, const char *problem) {
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

/* core.basic(client_id, client_secret [, "plain" | "form"]) -> "Basic ..." | nil, message */
static int basic (lua_State *L) {
  LoftySpan id = lofty_checkspan(L, 1), secret = lofty_checkspan(L, 2);
  LoftyBasic how = basic_values[luaL_checkoption(L, 3, "plain", basic_names)];
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  const char *problem = NULL;
  if (lofty_basic(out, id, secret, how, &problem) == LOFTY_BAD) return refused(L, problem);
  return lofty_pushbuf(L, out, "the header");
}

/* A string field of the table, and where its span belongs. */
typedef struct Field {
  const char *name;
  size_t offset; /* of a LoftySpan in LoftyTokenRequest */
} Field;

/* Versions of clang-format lay out such a macro differently. */
/* clang-format off */
#define SPAN(name) { #name, offsetof(LoftyTokenRequest, name) }
/* clang-format on */

static const Field fields[] = {
    SPAN(client_id),     SPAN(client_secret), SPAN(code),         SPAN(redirect_uri),
    SPAN(code_verifier), SPAN(refresh_token), SPAN(customer_key), {NULL, 0}};

/* The index in 'names' of the value of field 'name' of the table at 1; 0 when it is absent. */
static int choice (lua_State *L, const char *name, const char *const *names) {
  int i;
  lua_pushstring(L, name);
  lua_rawget(L, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  for (i = 0; names[i]; i++) {
    if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), names[i]) == 0) {
      lua_pop(L, 1);
      return i;
    }
  }
  return luaL_argerror(L, 1, lua_pushfstring(L, "invalid value of '%s'", name));
}

static int is_field (const char *name) {
  const Field *field;
  if (strcmp(name, "grant_type") == 0 || strcmp(name, "authentication") == 0 ||
      strcmp(name, "basic") == 0)
    return 1;
  for (field = fields; field->name; field++) {
    if (strcmp(name, field->name) == 0) return 1;
  }
  return 0;
}

/* Raises for an unknown field, which would silently be left out of the request. */
static void check_names (lua_State *L) {
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_argerror(L, 1, "field names must be strings");
    if (!is_field(lua_tostring(L, -2)))
      luaL_argerror(
          L, 1, lua_pushfstring(L, "unknown field '%s'", lofty_pushshown(L, lofty_tospan(L, -2))));
  }
}

/*
** core.token_request{ grant_type=, authentication=, basic=, client_id=, client_secret=,
** code=, redirect_uri=, code_verifier=, refresh_token=, customer_key= }
** -> { body =, authorization = or nil } | nil, message
*/
static int token_request (lua_State *L) {
  LoftyTokenRequest grant;
  LoftyBuf *body, *authorization;
  const Field *field;
  const char *problem = NULL;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  check_names(L);
  memset(&grant, 0, sizeof grant);
  lua_getfield(L, 1, "grant_type");
  luaL_argcheck(L, !lua_isnil(L, -1), 1, "'grant_type' is missing");
  lua_pop(L, 1);
  grant.type = grant_values[choice(L, "grant_type", grant_names)];
  grant.authentication = authentication_values[choice(L, "authentication", authentication_names)];
  grant.basic = basic_values[choice(L, "basic", basic_names)];
  for (field = fields; field->name; field++) {
    lua_pushstring(L, field->name);
    lua_rawget(L, 1); /* stays on the stack, so that its bytes stay valid */
    if (lua_isnil(L, -1)) continue;
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_argerror(L, 1, lua_pushfstring(L, "'%s' must be a string", field->name));
    *(LoftySpan *)(void *)((char *)&grant + field->offset) = lofty_tospan(L, -1);
  }
  lua_newtable(L);
  body = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  authorization = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  if (lofty_token_request(&grant, body, authorization, &problem) == LOFTY_BAD)
    return refused(L, problem);
  if (lofty_pushbuf(L, body, "the token request") == 2) return 2;
  lua_setfield(L, -4, "body");
  if (authorization->size > 0 || authorization->status != LOFTY_OK) {
    if (lofty_pushbuf(L, authorization, "the header") == 2) return 2;
    lua_setfield(L, -4, "authorization");
  }
  lua_pop(L, 2);
  return 1;
}

static const luaL_Reg functions[] = {
    {"basic", basic}, {"token_request", token_request}, {NULL, NULL}};

void lofty_open_grant (lua_State *L) {
  lofty_setfuncs(L, functions, 0);
}
