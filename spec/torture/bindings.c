/* SPDX-License-Identifier: MIT */
/*
** bindings.c - out of memory in lofty.core: from the n-th allocation of Lua or the core on,
** all fail, for n = 1, 2, 3, ... until the call succeeds.
** usage: bindings [case [n]]
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/common.h"
#include "state.h"

int luaopen_lofty_core (lua_State *L);

typedef struct Case {
  const char *name, *chunk; /* the chunk gets the module and returns the function to call */
} Case;

static const Case cases[] = {
    {"base64", "local core = ...; local s = ('x'):rep(300); return function() "
               "assert(core.base64_decode(core.base64_encode(s))) "
               "assert(core.base64url_decode(core.base64url_encode(s))) "
               "assert(not core.base64_decode('====')) end"},
    {"percent", "local core = ...; local s = ('x y'):rep(99); return function() "
                "assert(core.percent_decode(core.percent_encode(s))) "
                "assert(not core.percent_decode('%')) end"},
    {"query", "local core = ...; return function() "
              "assert(core.query_encode{a = 1, b = {1, 2.5, 'x y'}, c = true, d = ('x'):rep(99)}) "
              "assert(core.form_encode{e = 'x y', f = core.integer('9007199254740993')}) "
              "assert(not core.query_encode{a = 1, b = {1, {}}}) "
              "assert(not core.query_encode{a = 1, ['b\\n'] = 0}) end"},
    {"query_decode", "local core = ...; return function() "
                     "assert(core.query_decode('a=1&b=%20x+y&c').b) "
                     "assert(not core.query_decode('a=1&a=2')) "
                     "assert(not core.query_decode('a=1&b=%')) end"},
    {"path", "local core = ...; return function() "
             "assert(core.path_expand('/v1.0/leads/{id}/{name}', {id = 5, name = ('x'):rep(99)})) "
             "assert(not core.path_expand('/{id}', {id = '..'})) "
             "assert(not core.path_expand('/{id', {id = 'x'})) "
             "assert(not core.path_expand('/{id}/../x', {id = 'x'})) end"},
    {"basic", "local core = ...; return function() "
              "assert(core.basic('id', ('secret'):rep(50))) "
              "assert(core.basic('i:d', ('secret'):rep(50), 'form')) "
              "assert(not core.basic('i:d', 'secret')) end"},
    {"token_request",
     "local core = ...; return function() "
     "assert(core.token_request{grant_type = 'authorization_code', client_id = 'id', "
     "client_secret = 'secret', code = ('c'):rep(99), redirect_uri = 'https://example.com'}) "
     "assert(not core.token_request{grant_type = 'refresh_token', client_id = 'id'}) end"},
    {"json", "local core = ...; return function() "
             "local v = assert(core.json_decode('{\"a\":[1,2.5,null,\"\\\\u00e9x\",{}],\"b\":"
             "9007199254740993123}')) "
             "assert(core.json_encode(v)) "
             "assert(not core.json_decode('{\"a\":[1,2')) "
             "assert(not core.json_encode{a = {1, print}}) end"},
    {"http_reader", "local core = ...; return function() "
                    "local reader = core.http_reader('GET', 65536, 65536) "
                    "assert(reader:feed('HTTP/1.1 200 OK\\r\\nA: b\\r\\nTransfer-Encoding: "
                    "chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n')) "
                    "assert(reader:response() == 200) "
                    "assert(not core.http_reader('GET', 65536, 65536):feed('HTTQ')) end"},
    {NULL, NULL}};

static long refused_from; /* 0: no allocation fails */
static long asked;

static int refuse (void) {
  return refused_from > 0 && ++asked >= refused_from;
}

static void check (int condition, const char *what, const Case *one, long n) {
  if (condition) return;
  fprintf(stderr, "failed: %s\nrepeat with: build/torture/5.4/bindings %s %ld\n", what, one->name,
          n);
  exit(1);
}

/* One call in which all allocations from number n on fail; true when it needed fewer. */
static int run_once (const Case *one, long n) {
  lua_State *L = open_lua();
  int status, succeeded;
  check(L != NULL, "a Lua state is created", one, n);
  check(luaL_loadstring(L, one->chunk) == 0, "the chunk compiles", one, n);
  lua_pushcfunction(L, luaopen_lofty_core);
  lua_call(L, 0, 1);
  lua_call(L, 1, 1);
  asked = 0;
  refused_from = n;
  status = lua_pcall(L, 0, 0, 0);
  succeeded = asked < n;
  refused_from = 0;
  if (succeeded && status != 0) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  check(succeeded ? status == 0 : status != 0, "the call fails if and only if an allocation failed",
        one, n);
  if (status != 0) {
    const char *why = lua_tostring(L, -1);
    check(why && strstr(why, "memory"), "the message says that memory ran out", one, n);
  }
  lua_close(L);
  check(live == 0, "the core has freed all its memory", one, n);
  return succeeded;
}

int main (int argc, char **argv) {
  const Case *one;
  long ran = 0, refusals = 0, n;
  lofty_realloc = counted_realloc;
  for (one = cases; one->name; one++) {
    if (argc > 1 && strcmp(argv[1], one->name) != 0) continue;
    ran++;
    if (argc > 2)
      run_once(one, atol(argv[2]));
    else
      for (n = 1; !run_once(one, n); n++) refusals++;
  }
  if (ran == 0) {
    fprintf(stderr, "unknown case\n");
    return 2;
  }
  printf("bindings: %ld cases, %ld calls out of memory, no leaks\n", ran, refusals);
  return 0;
}
