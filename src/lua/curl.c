/* SPDX-License-Identifier: MIT */
/*
** curl.c - lofty.curl: HTTP requests (src/curl), many at once on one multi
** handle, and the clocks of the runtime that uses it.
*/
#include <string.h>
#include <time.h>

#include "compat.h"
#include "curl/transport.h"
#include "headers.h"
#include "interrupt.h"

#define MULTI_T "lofty.curl.multi"
#define TRANSFER_T "lofty.curl.transfer"

#define SLICE 150       /* ms that result() waits in C at a time, if no signal ends the wait */
#define LONGEST_WAIT 60 /* seconds; a longer wait is split */

/* The upvalues of all methods: the type's metatable, the two of lofty_newstringcache, and this. */
#define INTERRUPT ((LoftyInterrupt *)lua_touserdata(L, lua_upvalueindex(4)))

/* --- transfers --- */

typedef struct Box {
  Transfer *transfer; /* NULL: closed */
  int busy;           /* result() makes its values: a finalizer must not use it meanwhile */
} Box;

static Box *check_box (lua_State *L) {
  Box *box = (Box *)lofty_checkself(L, TRANSFER_T);
  if (box->busy) luaL_error(L, "lofty.curl: this transfer is in use");
  return box;
}

static Transfer *check_transfer (lua_State *L) {
  Transfer *t = check_box(L)->transfer;
  if (!t || !lofty_multi_is_open(lofty_transfer_multi(t)))
    luaL_error(L, "lofty.curl: this transport is closed");
  return t;
}

/* Seconds as libcurl's milliseconds; at least 1, since 0 means "no limit". */
static long check_time (lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0.001)) return 1;
  return seconds > 1e6 ? 1000000000L : (long)(seconds * 1000);
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
** Adds the headers of the table at 'index' to the transfer. Returns 0, or the number of values
** pushed: nil and a message, which shows the header's name if it is a token.
*/
static int add_headers (lua_State *L, Transfer *t, int index) {
  lofty_transfer_begin(t);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    const char *problem;
    if (lua_type(L, -2) != LUA_TSTRING) return push_refusal(L, "a header's name is not a string");
    if (lua_type(L, -1) == LUA_TSTRING)
      problem = lofty_transfer_header(t, to_span(L, -2), to_span(L, -1));
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
** transfer:start(id, method, url, headers, body, once, connect, total, max_head, max_body,
**   ca, proxy, default_ca, default_ca_dir, protect) -> true | nil, message
** Times in seconds; body, ca, proxy and the defaults may be nil. What is wrong with
** the request is found before anything is sent. With 'protect' see multi:enter_section.
*/
static int transfer_start (lua_State *L) {
  Transfer *t;
  Request request;
  const char *problem;
  int64_t id;
  int pushed;
  lua_settop(L, 16);
  id = luaL_checkinteger(L, 2);
  request.method = luaL_checkstring(L, 3);
  request.url = luaL_checklstring(L, 4, &request.url_size);
  luaL_checktype(L, 5, LUA_TTABLE);
  request.body = opt_span(L, 6);
  request.once = lua_toboolean(L, 7);
  request.connect = check_time(L, 8);
  request.total = check_time(L, 9);
  request.max_head = lofty_checksize(L, 10);
  request.max_body = lofty_checksize(L, 11);
  request.ca = luaL_optstring(L, 12, NULL);
  request.proxy = luaL_optstring(L, 13, NULL);
  request.default_ca = luaL_optstring(L, 14, NULL);
  request.default_ca_dir = luaL_optstring(L, 15, NULL);
  request.protect = lua_toboolean(L, 16);
  /* Last: a number among the arguments becomes a string, and a finalizer may run then. */
  t = check_transfer(L);
  luaL_argcheck(L, lofty_transfer_state(t) != TRANSFER_RUNNING, 1, "already running");
  lofty_transfer_recycle(t);
  if ((pushed = add_headers(L, t, 5)) != 0) return pushed;
  if ((problem = lofty_transfer_start(t, id, &request)) != NULL) return push_refusal(L, problem);
  lua_pushboolean(L, 1);
  return 1;
}

/* transfer:done() -> boolean */
static int transfer_done (lua_State *L) {
  lua_pushboolean(L, lofty_transfer_state(check_transfer(L)) != TRANSFER_RUNNING);
  return 1;
}

/* transfer:cancel(): ends it if it runs; 'result' says that it was interrupted. */
static int transfer_cancel (lua_State *L) {
  lofty_transfer_cancel(check_transfer(L));
  return 0;
}

/* "host: message (detail)"; never the path or the query, which may hold secrets. */
static void push_message (lua_State *L, const Transfer *t, const Outcome *outcome) {
  const char *host = lofty_transfer_host(t);
  const char *message = outcome->message ? outcome->message : "not enough memory";
  lua_pushfstring(L, "%s: %s", *host ? host : "request", message);
  if (outcome->subject)
    lua_pushfstring(L, "%s%s %s", *outcome->subject ? " " : "", outcome->subject, outcome->rest);
  else
    lua_pushliteral(L, "");
  if (outcome->detail)
    lua_pushfstring(L, " (%s)", outcome->detail);
  else
    lua_pushliteral(L, "");
  lua_concat(L, 3);
}

static int push_failure (lua_State *L, const Transfer *t, const Outcome *outcome) {
  lua_pushnil(L);
  lua_pushstring(L, outcome->kind);
  push_message(L, t, outcome);
  lua_pushboolean(L, outcome->sent);
  lua_pushboolean(L, outcome->connected);
  lua_pushboolean(L, outcome->head);
  lua_pushboolean(L, outcome->final);
  return 7;
}

static int push_response (lua_State *L, const Outcome *outcome) {
  lua_pushinteger(L, lofty_http_head_facts(outcome->fields)->status);
  lofty_pushfields(L, outcome->fields, 2);
  lua_pushlstring(L, outcome->body.data, outcome->body.size);
  lua_pushboolean(L, outcome->reused);
  lua_pushnumber(L, (lua_Number)outcome->elapsed);
  return 5;
}

/* How a transfer ended, for push_outcome. */
typedef struct Ended {
  const Transfer *transfer;
  const Outcome *outcome;
} Ended;

static const char push_outcome_key = 0; /* of the registry */

/*
** push_outcome(ended) -> what result() returns. Called by pcall: when memory runs out, 'busy' is
** reset all the same.
*/
static int push_outcome (lua_State *L) {
  const Ended *ended = (const Ended *)lua_touserdata(L, 1);
  if (ended->outcome->kind) return push_failure(L, ended->transfer, ended->outcome);
  return push_response(L, ended->outcome);
}

/*
** transfer:result() -> status, headers, body, reused, elapsed
**                    | nil, kind, message, sent, connected, head, final
**                    | false: it has not ended; call again
**                    | false, true, value: it has not ended, and a signal's hook raised 'value'
** Waits for the end, but also returns before it from time to time. 'sent': the server may have
** seen the request; 'connected': a connection was made; 'head': the head was complete; 'final':
** a retry would fail in the same way. After a result the transfer may be started again.
*/
static int transfer_result (lua_State *L) {
  Transfer *t = check_transfer(L);
  Box *box = (Box *)lua_touserdata(L, 1);
  Outcome outcome;
  Ended ended;
  int failed;
  lua_settop(L, 1);
  luaL_argcheck(L, lofty_transfer_state(t) != TRANSFER_IDLE, 1, "was not started");
  if (lofty_transfer_state(t) == TRANSFER_RUNNING) {
    LoftyInterrupt *interrupt = INTERRUPT;
    Multi *m = lofty_transfer_multi(t);
    unsigned long before = lofty_multi_protected(m);
    int has_ended, raised = 0;
    lofty_begin_wait(interrupt);
    has_ended = lofty_transfer_wait(t, SLICE);
    /* A complete response is returned first: the hook then runs at the next wait. */
    if (!has_ended || interrupt->sections > 0)
      raised = lofty_end_wait(L, interrupt, lofty_multi_protected(m) != before);
    if (raised) {
      lua_pushboolean(L, 0);
      lua_pushboolean(L, 1);
      lua_pushvalue(L, -3);
      return 3;
    }
  }
  lofty_rawgetp(L, LUA_REGISTRYINDEX, &push_outcome_key);
  lua_pushlightuserdata(L, &ended);
  t = check_transfer(L); /* again: a hook or a finalizer may have closed it, or started it anew */
  if (lofty_transfer_state(t) == TRANSFER_RUNNING) {
    lua_pushboolean(L, 0);
    return 1;
  }
  outcome = lofty_transfer_outcome(t);
  ended.transfer = t;
  ended.outcome = &outcome;
  box->busy = 1;
  failed = lua_pcall(L, 1, LUA_MULTRET, 0);
  box->busy = 0;
  lofty_transfer_recycle(t);
  if (failed) return lua_error(L);
  return lua_gettop(L) - 1;
}

/* transfer:close(), also its __gc and __close: stops it if it runs, frees everything. */
static int transfer_gc (lua_State *L) {
  Box *box = check_box(L);
  lofty_transfer_free(box->transfer);
  box->transfer = NULL;
  return 0;
}

/* --- the multi handle --- */

static Multi *check_multi (lua_State *L) {
  Multi **box = (Multi **)lofty_checkself(L, MULTI_T);
  if (!*box || !lofty_multi_is_open(*box)) luaL_error(L, "lofty.curl: this transport is closed");
  return *box;
}

/*
** curl.multi() -> multi
** The userdata gets its metatable while it is empty, so that __gc can release it whatever
** raises afterwards.
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
  Box *box;
  check_multi(L);
  box = (Box *)lua_newuserdata(L, sizeof(Box));
  box->transfer = NULL;
  box->busy = 0;
  luaL_getmetatable(L, TRANSFER_T);
  lua_setmetatable(L, -2);
  box->transfer = lofty_transfer_new(check_multi(L)); /* again: a finalizer may have closed it */
  if (box->transfer) return 1;
  return luaL_error(L, "lofty.curl: libcurl made no handle (no memory, or an option it lacks)");
}

/*
** multi:wait(seconds) -> true if a transfer has ended
**                      | boolean, true, value: a signal's hook raised the value
** Does I/O until one has ended, or the time is over; may return earlier.
*/
static int multi_wait (lua_State *L) {
  Multi *m = check_multi(L);
  LoftyInterrupt *interrupt = INTERRUPT;
  lua_Number seconds = luaL_checknumber(L, 2);
  unsigned long before = lofty_multi_protected(m);
  int ended, raised;
  if (!(seconds > 0)) seconds = 0;
  if (seconds > LONGEST_WAIT) seconds = LONGEST_WAIT;
  lofty_begin_wait(interrupt);
  ended = lofty_multi_wait(m, (int)(seconds * 1000 + 0.999));
  raised = lofty_end_wait(L, interrupt, lofty_multi_protected(m) != before);
  lua_pushboolean(L, ended);
  if (!raised) return 1;
  lua_pushboolean(L, 1);
  lua_pushvalue(L, -3);
  return 3;
}

/*
** multi:enter_section(), multi:leave_section() -> nothing | true, value (a signal's hook raised
** the value; enter has then entered nothing): signals are held back from the outermost enter
** to its leave, so that a token that was granted can be stored. Only waits before the response
** to a request with 'protect' has arrived can be interrupted.
*/
static int multi_enter_section (lua_State *L) {
  check_multi(L);
  if (!lofty_enter_section(L, INTERRUPT)) return 0;
  lua_pushboolean(L, 1);
  lua_insert(L, -2);
  return 2;
}

static int multi_leave_section (lua_State *L) {
  LoftyInterrupt *interrupt = INTERRUPT;
  lofty_checkself(L, MULTI_T);
  lofty_leave_section(interrupt);
  if (interrupt->sections > 0 || !lofty_end_wait(L, interrupt, 0)) return 0;
  lua_pushboolean(L, 1);
  lua_insert(L, -2);
  return 2;
}

/* multi:finished() -> the id of a transfer that has ended, each once; nil: no more */
static int multi_finished (lua_State *L) {
  Transfer *t = lofty_multi_finished(check_multi(L));
  if (!t) return 0;
  lua_pushinteger(L, (lua_Integer)lofty_transfer_id(t));
  return 1;
}

/* multi:close(), also its __gc and __close: ends what runs, closes all connections. */
static int multi_gc (lua_State *L) {
  Multi **box = (Multi **)lofty_checkself(L, MULTI_T);
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

/* curl.monotonic() -> seconds of the monotonic clock */
static int clock_monotonic (lua_State *L) {
  return push_clock(L, CLOCK_MONOTONIC);
}

/* curl.version() -> libcurl's version at run time, such as "8.14.1" */
static int version_text (lua_State *L) {
  int version = (int)(lofty_curl_version() & 0xffffff);
  lua_pushfstring(L, "%d.%d.%d", version >> 16, version >> 8 & 0xff, version & 0xff);
  return 1;
}

static const luaL_Reg multi_methods[] = {
    {"transfer", multi_transfer},
    {"wait", multi_wait},
    {"finished", multi_finished},
    {"enter_section", multi_enter_section},
    {"leave_section", multi_leave_section},
    {"close", multi_gc},
    {NULL, NULL},
};

static const luaL_Reg transfer_methods[] = {
    {"start", transfer_start},   {"done", transfer_done}, {"cancel", transfer_cancel},
    {"result", transfer_result}, {"close", transfer_gc},  {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"multi", multi_new},      {"now", clock_now}, {"monotonic", clock_monotonic},
    {"version", version_text}, {NULL, NULL},
};

/* A type whose methods have the upvalues of INTERRUPT; the last three are the values 1 to 3. */
static void make_type (lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  const luaL_Reg ends[] = {{"__gc", gc}, {"__close", gc}, {NULL, NULL}};
  int i;
  luaL_newmetatable(L, name);
  lua_newtable(L);
  lua_pushvalue(L, -2);
  for (i = 1; i <= 3; i++) lua_pushvalue(L, i);
  lofty_setfuncs(L, methods, 4);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -1);
  lofty_setfuncs(L, ends, 1);
  lua_pop(L, 1);
}

int luaopen_lofty_curl (lua_State *L) {
  int i;
  lofty_checkversion(L);
  if (!lofty_transport_init()) return luaL_error(L, "lofty.curl: libcurl did not start");
  lua_settop(L, 0);
  lofty_newstringcache(L); /* 1, 2 */
  lofty_newinterrupt(L);   /* 3 */
  make_type(L, MULTI_T, multi_methods, multi_gc);
  make_type(L, TRANSFER_T, transfer_methods, transfer_gc);
  luaL_getmetatable(L, TRANSFER_T);
  for (i = 1; i <= 3; i++) lua_pushvalue(L, i);
  lua_pushcclosure(L, push_outcome, 4); /* the upvalues of the methods */
  lofty_rawsetp(L, LUA_REGISTRYINDEX, &push_outcome_key);
  lofty_newlib(L, functions);
  return 1;
}
