/* SPDX-License-Identifier: MIT */
/*
** transport.c - out of memory in lofty.curl: the n-th allocation of Lua, the core or libcurl
** fails, alone or with all later ones, during requests to a server. The next request must
** succeed, and nothing may leak.
** usage: transport URL [n [alone | on]]
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "core/common.h"
#include "state.h"

#define FIRST_SUCCEEDS "the first request succeeds unless an allocation failed"

int luaopen_lofty_curl (lua_State *L);

static const char chunk[] =
    "local curl, url = ...\n"
    "local multi, transfer\n"
    "return function()\n"
    "  multi = multi or curl.multi()\n"
    "  if transfer and not transfer:done() then transfer:close() transfer = nil end\n"
    "  transfer = transfer or multi:transfer()\n"
    "  for i = 1, 2 do\n"
    "    local headers = { Authorization = 'x', ['X-A'] = ('b'):rep(i) }\n"
    "    local started, why = transfer:start(i, 'POST', url, headers,\n"
    "      ('body'):rep(i * 100), false, 5, 5, 65536, 65536, nil, nil)\n"
    "    if not started then error(why, 0) end\n"
    "    local status, headers, body\n"
    "    repeat status, headers, body = transfer:result() until status ~= false\n"
    "    if not status then error(body, 0) end\n"
    "    assert(status == 200 and headers['x-a'] == '1, 2' and #body == 48894, 'a wrong "
    "response')\n"
    "  end\n"
    "end, function() if transfer then transfer:close() end if multi then multi:close() end end\n";

static long refused_at; /* 0: no allocation fails */
static int and_later;
static long asked;

static int refuse (void) {
  if (refused_at == 0) return 0;
  asked++;
  return asked == refused_at || (and_later && asked > refused_at);
}

/* libcurl's allocators: for size 0 they must not return NULL. */
static void *curl_new (size_t size) {
  return counted_realloc(NULL, size ? size : 1);
}

static void *curl_again (void *block, size_t size) {
  return counted_realloc(block, size ? size : 1);
}

static void curl_drop (void *block) {
  counted_realloc(block, 0);
}

static void *curl_zeroed (size_t count, size_t size) {
  void *block = curl_new(count * size);
  if (block) memset(block, 0, count * size);
  return block;
}

static char *curl_copy (const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = (char *)curl_new(size);
  if (copy) memcpy(copy, text, size);
  return copy;
}

static void check (int condition, const char *what, const char *url, long n) {
  if (condition) return;
  fprintf(stderr, "failed: %s\nrepeat with: build/torture/5.4/transport %s %ld %s\n", what, url, n,
          and_later ? "on" : "alone");
  exit(1);
}

/* Requests with allocation n failing; true when they needed fewer. */
static int run_once (const char *url, long n) {
  lua_State *L = open_lua();
  long before;
  int succeeded;
  check(L != NULL, "a Lua state is created", url, n);
  before = live;
  check(luaL_loadstring(L, chunk) == 0, "the chunk compiles", url, n);
  lua_pushcfunction(L, luaopen_lofty_curl);
  lua_call(L, 0, 1);
  lua_pushstring(L, url);
  lua_call(L, 2, 2);
  lua_pushvalue(L, -2);
  asked = 0;
  refused_at = n;
  if (lua_pcall(L, 0, 0, 0) != 0) {
    check(asked >= n, FIRST_SUCCEEDS, url, n);
    lua_pop(L, 1);
  }
  succeeded = asked < n;
  refused_at = 0;
  lua_pushvalue(L, -2);
  if (lua_pcall(L, 0, 0, 0) != 0) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    check(0, "the next request succeeds", url, n);
  }
  if (n % 2 == 0) check(lua_pcall(L, 0, 0, 0) == 0, "the handles can be closed", url, n);
  lua_close(L);
  check(live == before, "all memory is freed", url, n);
  return succeeded;
}

int main (int argc, char **argv) {
  long refusals = 0, n;
  if (argc < 2) return 2;
  lofty_realloc = counted_realloc;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_new, curl_drop, curl_again, curl_copy,
                           curl_zeroed) != CURLE_OK)
    return 2;
  if (argc > 2) {
    and_later = argc > 3 && strcmp(argv[3], "on") == 0;
    run_once(argv[1], atol(argv[2]));
    return 0;
  }
  for (and_later = 0; and_later < 2; and_later++)
    for (n = 1; !run_once(argv[1], n); n++) refusals++;
  printf("transport: %ld failed allocations, no leaks\n", refusals);
  return 0;
}
