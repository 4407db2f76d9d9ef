/*
** curl.c - lofty.curl: requests over libcurl (transfer.c), many at once on
** one multi handle, and the clocks of the runtime that uses it.
*/
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/head.h"
#include "compat.h"
#include "headers.h"
#include "curl/transfer.h"

#define MULTI_T "lofty.curl.multi"
#define TRANSFER_T "lofty.curl.transfer"

#define SLICE 500       /* ms that result() waits in C: Ctrl-C must get its turn in Lua */
#define LONGEST_WAIT 60 /* seconds; more is asked for again */

/* What a method was called on; upvalue 1 is its metatable, which spares a search by name. */
static void *check_self (lua_State *L, const char *type) {
  void *self = lua_touserdata(L, 1);
  int same = 0;
  if (self && lua_getmetatable(L, 1)) {
    same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
  }
  return same ? self : luaL_checkudata(L, 1, type);
}

/* --- transfers --- */

static Transfer *check_transfer (lua_State *L) {
  Transfer *t = (Transfer *)check_self(L, TRANSFER_T);
  if (!t->multi || !t->multi->handle) luaL_error(L, "lofty.curl: this transport is closed");
  return t;
}

/* Seconds, as the milliseconds that libcurl wants; never its 0, which would be "no limit". */
static long check_time (lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0.001)) return 1;
  return seconds > 1e6 ? 1000000000L : (long)(seconds * 1000);
}

static size_t check_size (lua_State *L, int index) {
  lua_Number size = luaL_checknumber(L, index);
  luaL_argcheck(L, size >= 0 && size <= 1e15, index, "not a size");
  return (size_t)size;
}

static LoftySpan to_span (lua_State *L, int index) {
  LoftySpan span;
  span.data = lua_tolstring(L, index, &span.size);
  return span;
}

static LoftySpan opt_span (lua_State *L, int index) {
  LoftySpan span;
  span.size = 0;
  span.data = luaL_optlstring(L, index, NULL, &span.size);
  return span;
}

static int push_refusal (lua_State *L, const char *problem) {
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

/*
** Hands the table of headers at 'index' over. Returns 0, or how many values it
** pushed to say what is wrong; a name that is fit to print is named.
*/
static int add_headers (lua_State *L, Transfer *t, int index) {
  lofty_request_begin(t);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    const char *problem;
    if (lua_type(L, -2) != LUA_TSTRING) return push_refusal(L, "a header's name is not a string");
    if (lua_type(L, -1) == LUA_TSTRING)
      problem = lofty_request_header(t, to_span(L, -2), to_span(L, -1));
    else
      problem = "a header's value is not a string";
    if (problem) {
      LoftySpan name = to_span(L, -2);
      if (!lofty_is_token(name.data, name.size)) return push_refusal(L, problem);
      lua_pushnil(L);
      lua_pushfstring(L, "header \"%s\": %s", name.data, problem);
      return 2;
    }
    lua_pop(L, 1);
  }
  return 0;
}

/*
** transfer:start(id, method, url, headers, body, once, connect, total, max_head, max_body, ca, proxy)
** -> true | nil, message. Times in seconds; body, ca and proxy may be nil. What is
** wrong with the request is found before anything is sent.
*/
static int transfer_start (lua_State *L) {
  Transfer *t = check_transfer(L);
  Request request;
  const char *problem;
  int pushed;
  lua_settop(L, 13);
  luaL_argcheck(L, t->state != TRANSFER_RUNNING, 1, "already running");
  lofty_transfer_rest(t);
  t->id = luaL_checkinteger(L, 2);
  request.method = luaL_checkstring(L, 3);
  request.url = luaL_checklstring(L, 4, &request.url_size);
  luaL_checktype(L, 5, LUA_TTABLE);
  request.body = opt_span(L, 6);
  request.once = lua_toboolean(L, 7);
  request.connect = check_time(L, 8);
  request.total = check_time(L, 9);
  request.max_head = check_size(L, 10);
  request.max_body = check_size(L, 11);
  request.ca = opt_span(L, 12);
  request.proxy = luaL_optstring(L, 13, NULL);
  if ((pushed = add_headers(L, t, 5)) != 0) return pushed;
  if ((problem = lofty_transfer_start(t, &request)) != NULL) return push_refusal(L, problem);
  lua_pushboolean(L, 1);
  return 1;
}

/* Does I/O for all that run until this one has ended, or for a while; whether it has. */
static int await_end (Transfer *t) {
  int ready = 1;
  lofty_multi_perform(t->multi);
  while (t->state == TRANSFER_RUNNING && ready > 0) {
    ready = lofty_multi_poll(t->multi, SLICE);
    if (t->state == TRANSFER_RUNNING) lofty_multi_perform(t->multi);
  }
  return t->state != TRANSFER_RUNNING;
}

/* transfer:done() -> boolean */
static int transfer_done (lua_State *L) {
  lua_pushboolean(L, check_transfer(L)->state != TRANSFER_RUNNING);
  return 1;
}

/* "host: words (libcurl's words)"; never the path or the query, which may hold secrets. */
static void push_message (lua_State *L, const Transfer *t, Outcome outcome) {
  const char *host = t->origin.size > 0 ? strstr(t->origin.data, "://") : NULL;
  const char *more = t->error[0] != '\0' ? t->error : curl_easy_strerror(t->result);
  const char *words = outcome.words ? outcome.words : "not enough memory";
  host = host ? host + 3 : "request";
  if (outcome.quote)
    lua_pushfstring(L, "%s: %s (%s)", host, words, more);
  else
    lua_pushfstring(L, "%s: %s", host, words);
}

/*
** transfer:result() -> status, headers, body, reused, elapsed
**                    | nil, kind, message, sent, connected, head
**                    | false: it has not ended; ask again
** Waits for the end, but comes back now and then without it, since a Ctrl-C must
** get its turn in Lua. 'sent': the server may have seen the request; 'connected':
** a connection was made; 'head': the whole head had come. It may start again then.
*/
static int transfer_result (lua_State *L) {
  Transfer *t = check_transfer(L);
  Outcome outcome;
  long connects = 0;
  curl_off_t total = 0;
  luaL_argcheck(L, t->state != TRANSFER_IDLE, 1, "was not started");
  if (t->state == TRANSFER_RUNNING && !await_end(t)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  outcome = lofty_outcome(t);
  if (outcome.kind) {
    lua_pushnil(L);
    lua_pushstring(L, outcome.kind);
    push_message(L, t, outcome);
    lua_pushboolean(L, outcome.sent);
    lua_pushboolean(L, outcome.connected);
    lua_pushboolean(L, outcome.head);
    lofty_transfer_rest(t);
    return 6;
  }
  curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total);
  lua_pushinteger(L, lofty_http_head_facts(t->head)->status);
  lofty_pushfields(L, t->head, 2);
  lua_pushlstring(L, t->answer.data ? t->answer.data : "", t->answer.size);
  lua_pushboolean(L, connects == 0);
  lua_pushnumber(L, (lua_Number)total / 1e6);
  lofty_transfer_rest(t);
  return 5;
}

/* transfer:close(), also its __gc and __close: stops it if it runs, gives everything back. */
static int transfer_gc (lua_State *L) {
  lofty_transfer_close((Transfer *)check_self(L, TRANSFER_T));
  return 0;
}

/* --- the multi handle --- */

static Multi *check_multi (lua_State *L) {
  Multi **box = (Multi **)check_self(L, MULTI_T);
  if (!*box || !(*box)->handle) luaL_error(L, "lofty.curl: this transport is closed");
  return *box;
}

/*
** curl.multi() -> multi
** The userdata is typed and empty before anything is acquired, so whatever
** raises from there on, '__gc' finds something it can release.
*/
static int multi_new (lua_State *L) {
  Multi **box = (Multi **)lua_newuserdata(L, sizeof(Multi *));
  *box = NULL;
  luaL_getmetatable(L, MULTI_T);
  lua_setmetatable(L, -2);
  *box = lofty_multi_new();
  if (!*box || !lofty_multi_open(*box)) return luaL_error(L, "not enough memory");
  return 1;
}

/* multi:transfer() -> transfer, which carries one request after the other */
static int multi_transfer (lua_State *L) {
  Multi *m = check_multi(L);
  Transfer *t = (Transfer *)lua_newuserdata(L, sizeof(Transfer));
  lofty_transfer_init(t);
  luaL_getmetatable(L, TRANSFER_T);
  lua_setmetatable(L, -2);
  if (!lofty_transfer_open(t, m))
    return luaL_error(L, "lofty.curl: libcurl made no handle (no memory, or an option it lacks)");
  return 1;
}

/*
** multi:wait(seconds) -> true if a transfer has ended. Does I/O until one has,
** or the time is over; may come back earlier.
*/
static int multi_wait (lua_State *L) {
  Multi *m = check_multi(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  lofty_multi_perform(m);
  if (!m->finished && seconds > 0) {
    if (seconds > LONGEST_WAIT) seconds = LONGEST_WAIT;
    lofty_multi_poll(m, (int)(seconds * 1000 + 0.999));
    lofty_multi_perform(m);
  }
  lua_pushboolean(L, m->finished != NULL);
  return 1;
}

/* multi:finished() -> the id of a transfer that has ended, each once; nil: no more */
static int multi_finished (lua_State *L) {
  Transfer *t = lofty_multi_finished(check_multi(L));
  if (!t) return 0;
  lua_pushinteger(L, (lua_Integer)t->id);
  return 1;
}

/* multi:close(), also its __gc and __close: ends what runs, closes all connections. */
static int multi_gc (lua_State *L) {
  Multi **box = (Multi **)check_self(L, MULTI_T);
  Multi *m = *box;
  if (!m) return 0;
  *box = NULL;
  lofty_multi_close(m);
  lofty_multi_release(m);
  return 0;
}

/* --- clocks --- */

static int push_clock (lua_State *L, clockid_t which) {
  struct timespec time;
  if (clock_gettime(which, &time) != 0) return luaL_error(L, "lofty.curl: there is no such clock");
  lua_pushnumber(L, (lua_Number)time.tv_sec + (lua_Number)time.tv_nsec / 1e9);
  return 1;
}

/* curl.now() -> seconds since 1970 */
static int clock_now (lua_State *L) {
  return push_clock(L, CLOCK_REALTIME);
}

/* curl.monotonic() -> seconds of a clock that nobody sets */
static int clock_monotonic (lua_State *L) {
  return push_clock(L, CLOCK_MONOTONIC);
}

static const luaL_Reg multi_methods[] = {
    {"transfer", multi_transfer}, {"wait", multi_wait}, {"finished", multi_finished},
    {"close", multi_gc},          {NULL, NULL},
};

static const luaL_Reg transfer_methods[] = {
    {"start", transfer_start},
    {"done", transfer_done},
    {"result", transfer_result},
    {"close", transfer_gc},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"multi", multi_new},
    {"now", clock_now},
    {"monotonic", clock_monotonic},
    {NULL, NULL},
};

/* Once a process; there is no moment at which giving it back would be safe for every thread. */
static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_code;

static void global_init (void) {
  global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/*
** The upvalues of the methods: the metatable, and the two values of lofty_newwords,
** which are at 'words'.
*/
static void make_type (lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc,
                       int words) {
  const luaL_Reg ends[] = {{"__gc", gc}, {"__close", gc}, {NULL, NULL}};
  luaL_newmetatable(L, name);
  lua_newtable(L);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, words);
  lua_pushvalue(L, words + 1);
  lofty_setfuncs(L, methods, 3);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -1);
  lofty_setfuncs(L, ends, 1);
  lua_pop(L, 1);
}

int luaopen_lofty_curl (lua_State *L) {
  lofty_checkversion(L);
  pthread_once(&global_once, global_init);
  if (global_code != CURLE_OK) return luaL_error(L, "lofty.curl: libcurl did not start");
  lua_settop(L, 0);
  lofty_newwords(L); /* 1, 2 */
  make_type(L, MULTI_T, multi_methods, multi_gc, 1);
  make_type(L, TRANSFER_T, transfer_methods, transfer_gc, 1);
  lofty_newlib(L, functions);
  return 1;
}
