-- SPDX-License-Identifier: MIT

-- One GET after the other over a kept connection.

local measure = require "bench.measure"
local programs = require "bench.programs"

-- perf record, a small GET: 27 % of lofty's CPU is the Lua interpreter, 24 % libcurl, 23 % the kernel, 18 % libc and 6 % the
-- library's C modules; over HTTPS 25 %, 22 %, 21 %, 15 % and 5 %, and 11 % OpenSSL.
local WHY = "A quarter of lofty's CPU is Lua code: each call is checked, built from its path and options, counted by the rate "
  .. "limiter and judged (retry, errors, the rate limit's fields), and all fields of its head become a table."
local OTHERS = {
  libcurl = "The loop in C sends one prepared handle again, looks at the status alone and decodes nothing.",
  curl = "The curl command does all in C and throws the body away.",
  ["libcurl+lua-cjson"] = "The loop in C sends one prepared handle again and looks at the status alone.",
  ["lua-curl"] = "The script with lua-curl sends one prepared handle again, has no limits and looks at the status alone.",
  ["lua-http"] = "The script with lua-http sends prepared fields and looks at the status alone.",
}

local PEERS = { "lofty", "libcurl", "curl", "lua-curl", "lua-http", "requests", "httpx", "node" }
local PAGE_PEERS = { "lofty", "libcurl+lua-cjson", "lua-curl", "lua-http", "requests", "httpx", "node" }

return function()
  local started = programs.start()
  local plain, tls = started.server.url, started.server.tls_url
  local function case(name, title, rounds, task)
    task.flight, task.names, task.why = 1, task.names or PEERS, OTHERS
    return {
      name = name, title = title, columns = measure.MICROSECONDS, why = WHY,
      rows = measure.compare(started:ways(task), rounds, measure.MICROSECONDS),
    }
  end
  local tables = {
    case("get", "A small GET over a kept connection", 5, { url = plain, path = "/v1.0/me", count = 1000 }),
    case("get-tls", "The same over HTTPS", 5, { url = tls, path = "/v1.0/me", count = 600 }),
    case("get-10ms", "The same from a server that takes 10 ms", 3, { url = plain, path = "/slow", count = 40 }),
    case("page", "A page of 100 leads, fetched and decoded", 5, { url = plain, path = "/page", count = 120, names = PAGE_PEERS }),
  }
  started:stop()
  return tables
end
