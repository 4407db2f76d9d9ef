/* SPDX-License-Identifier: MIT */
/*
** http1.c - core.http_reader: an incremental parser for HTTP/1.1 responses.
*/
#include <string.h>

#include "core/head.h"
#include "core/http1.h"
#include "buffer.h"
#include "core.h"
#include "headers.h"

#define READER_T "lofty.http_reader"

typedef struct Reader {
  LoftyHttp *http; /* NULL: not created yet, or collected */
  int busy; /* response() is running: a finalizer that runs meanwhile must not use the reader */
} Reader;

/* Upvalue 1 of all methods is the type's metatable; 2 and 3 are those of lofty_newstringcache. */
static LoftyHttp *check_reader (lua_State *L) {
  Reader *r = (Reader *)lofty_checkself(L, READER_T);
  if (!r->http) luaL_error(L, "http_reader: this reader is closed");
  if (r->busy) luaL_error(L, "http_reader: a finalizer used this reader while it was in use");
  return r->http;
}

/*
** core.http_reader(method, max_head, max_body) -> reader
** The userdata has its metatable before anything is allocated, so that __gc releases it
** whenever something raises.
*/
static int reader_new (lua_State *L) {
  const char *method = luaL_checkstring(L, 1);
  size_t max_head = lofty_checksize(L, 2), max_body = lofty_checksize(L, 3);
  Reader *r = (Reader *)lua_newuserdata(L, sizeof(Reader));
  r->http = NULL;
  r->busy = 0;
  luaL_getmetatable(L, READER_T);
  lua_setmetatable(L, -2);
  r->http = lofty_http_new(max_head, max_body, strcmp(method, "HEAD") == 0);
  return r->http ? 1 : luaL_error(L, "not enough memory");
}

/*
** reader:reset(method, max_head, max_body): prepares for another response. Cheaper than a
** new reader, whose table of fields is large.
*/
static int reader_reset (lua_State *L) {
  const char *method = luaL_checkstring(L, 2);
  size_t max_head = lofty_checksize(L, 3), max_body = lofty_checksize(L, 4);
  /* Last: a number among the arguments becomes a string, and a finalizer may run. */
  lofty_http_reset(check_reader(L), max_head, max_body, strcmp(method, "HEAD") == 0);
  return 0;
}

static int reader_gc (lua_State *L) {
  Reader *r = (Reader *)luaL_checkudata(L, 1, READER_T);
  lofty_http_free(r->http);
  r->http = NULL;
  return 0;
}

/* Pushes true (complete), false (incomplete), or nil and a message (failed). */
static int push_outcome (lua_State *L, LoftyHttp *http, LoftyCode code) {
  const char *problem = lofty_http_problem(http);
  if (code <= LOFTY_DONE) {
    lua_pushboolean(L, code == LOFTY_DONE);
    return 1;
  }
  if (code == LOFTY_NO_MEMORY) return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushstring(L, problem ? problem : "the response is not valid HTTP");
  return 2;
}

/* reader:feed(bytes) -> true (complete) | false (incomplete) | nil, message */
static int reader_feed (lua_State *L) {
  size_t size, used;
  const char *bytes = luaL_checklstring(L, 2, &size);
  LoftyHttp *http = check_reader(L); /* last: as for reset */
  return push_outcome(L, http, lofty_http_feed(http, bytes, size, &used));
}

/* reader:eof() -> true | nil, message; to be called when the server closed the connection */
static int reader_eof (lua_State *L) {
  LoftyHttp *http = check_reader(L);
  return push_outcome(L, http, lofty_http_eof(http));
}

/* reader:head_complete() -> boolean */
static int reader_head_complete (lua_State *L) {
  lua_pushboolean(L, lofty_http_head_done(lofty_http_head(check_reader(L))));
  return 1;
}

/*
** reader:response() -> status, headers, body, reusable
** Returns what was read so far, or nothing until the head is complete. If memory runs out
** here, the reader stays busy and can only be collected.
*/
static int reader_response (lua_State *L) {
  Reader *r = (Reader *)lua_touserdata(L, 1);
  LoftyHttp *http = check_reader(L);
  const LoftyHttpHead *head = lofty_http_head(http);
  LoftySpan body = lofty_http_body(http);
  if (!lofty_http_head_done(head)) return 0;
  r->busy = 1;
  lua_pushinteger(L, lofty_http_head_facts(head)->status);
  lofty_pushfields(L, head, 2);
  lua_pushlstring(L, body.data, body.size);
  lua_pushboolean(L, lofty_http_reusable(http));
  r->busy = 0;
  return 4;
}

static const luaL_Reg reader_methods[] = {
    {"feed", reader_feed},   {"eof", reader_eof},           {"head_complete", reader_head_complete},
    {"reset", reader_reset}, {"response", reader_response}, {NULL, NULL},
};

void lofty_open_http1 (lua_State *L) {
  luaL_newmetatable(L, READER_T);
  lua_newtable(L);
  lua_pushvalue(L, -2);
  lofty_newstringcache(L);
  lofty_setfuncs(L, reader_methods, 3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, reader_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, reader_new);
  lua_setfield(L, -2, "http_reader");
}
