/*
** http1.c - core.http_reader: one response, fed as the bytes come.
*/
#include <string.h>

#include "core/head.h"
#include "core/http1.h"
#include "buffer.h"
#include "core.h"
#include "headers.h"

#define READER_T "lofty.http_reader"

typedef struct Reader {
  LoftyHttp *http; /* NULL: never made, or collected */
  int busy;        /* response() reads it: a finalizer that runs meanwhile must not change it */
} Reader;

static LoftyHttp *check_reader (lua_State *L) {
  Reader *r = (Reader *)luaL_checkudata(L, 1, READER_T);
  if (!r->http) luaL_error(L, "http_reader: this reader is closed");
  if (r->busy) luaL_error(L, "http_reader: a finalizer used this reader while it was in use");
  return r->http;
}

static size_t check_size (lua_State *L, int index) {
  lua_Number size = luaL_checknumber(L, index);
  luaL_argcheck(L, size >= 0 && size <= 1e15, index, "not a size");
  return (size_t)size;
}

/*
** core.http_reader(method, max_head, max_body) -> reader
** The userdata is typed and closed before anything is acquired, so whatever
** raises from here on, '__gc' finds something it can release.
*/
static int reader_new (lua_State *L) {
  const char *method = luaL_checkstring(L, 1);
  size_t max_head = check_size(L, 2), max_body = check_size(L, 3);
  Reader *r = (Reader *)lua_newuserdata(L, sizeof(Reader));
  r->http = NULL;
  r->busy = 0;
  luaL_getmetatable(L, READER_T);
  lua_setmetatable(L, -2);
  r->http = lofty_http_new(max_head, max_body, strcmp(method, "HEAD") == 0);
  return r->http ? 1 : luaL_error(L, "not enough memory");
}

/*
** reader:reset(method, max_head, max_body): for another answer. A head's table
** of fields is large, so who reads many answers does well to keep a reader.
*/
static int reader_reset (lua_State *L) {
  LoftyHttp *http = check_reader(L);
  const char *method = luaL_checkstring(L, 2);
  lofty_http_reset(http, check_size(L, 3), check_size(L, 4), strcmp(method, "HEAD") == 0);
  return 0;
}

static int reader_gc (lua_State *L) {
  Reader *r = (Reader *)luaL_checkudata(L, 1, READER_T);
  lofty_http_free(r->http);
  r->http = NULL;
  return 0;
}

/* true: complete; false: more is to come; nil and a message, for good. */
static int push_outcome (lua_State *L, LoftyHttp *http, LoftyCode code) {
  const char *problem = lofty_http_problem(http);
  if (code <= LOFTY_DONE) {
    lua_pushboolean(L, code == LOFTY_DONE);
    return 1;
  }
  if (code == LOFTY_NO_MEMORY) return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushstring(L, problem ? problem : "the answer breaks the rules of HTTP");
  return 2;
}

/* reader:feed(bytes) -> true (complete) | false (more) | nil, message */
static int reader_feed (lua_State *L) {
  LoftyHttp *http = check_reader(L);
  size_t size, used;
  const char *bytes = luaL_checklstring(L, 2, &size);
  return push_outcome(L, http, lofty_http_feed(http, bytes, size, &used));
}

/* reader:eof() -> true | nil, message: the other side has closed the connection */
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
** Of what has come so far; status is nil until the head is complete. When memory
** runs out in the middle, the reader is of no use any more.
*/
static int reader_response (lua_State *L) {
  Reader *r = (Reader *)lua_touserdata(L, 1);
  LoftyHttp *http = check_reader(L);
  const LoftyHttpHead *head = lofty_http_head(http);
  LoftySpan body = lofty_http_body(http);
  if (!lofty_http_head_done(head)) return 0;
  r->busy = 1;
  lua_pushinteger(L, lofty_http_head_facts(head)->status);
  lofty_pushfields(L, head, 1);
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
  lofty_newwords(L);
  lofty_setfuncs(L, reader_methods, 2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, reader_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, reader_new);
  lua_setfield(L, -2, "http_reader");
}
