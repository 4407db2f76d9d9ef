-- SPDX-License-Identifier: MIT

-- Calls with 64 in flight.

local measure = require "bench.measure"
local programs = require "bench.programs"

local WHY = "Each call runs in a Lua coroutine, is checked, built, counted by the rate limiter and judged, and all fields of its "
  .. "head become a table."
local REASONS = {
  libcurl = "The loop in C sends prepared handles again, looks at the status alone and decodes nothing.",
  curl = "The curl command does all in C and throws the bodies away.",
  ["libcurl+lua-cjson"] = "The loop in C sends prepared handles again and looks at the status alone.",
}

local PEERS = { "lofty", "libcurl", "curl", "lua-http", "requests", "httpx", "node" }
local PAGE_PEERS = { "lofty", "libcurl+lua-cjson", "lua-http", "requests", "httpx", "node" }

return function()
  local started = programs.start()
  local function case(name, title, path, count, names)
    local task = { url = started.server.url, path = path, count = count, flight = 64, names = names, why = REASONS }
    return {
      name = name, title = title, columns = measure.MICROSECONDS, why = WHY,
      rows = measure.compare(started:ways(task), 5, measure.MICROSECONDS),
    }
  end
  local tables = {
    case("map", "2,000 small GETs, 64 in flight, from a server that takes 10 ms for each", "/slow", 2000, PEERS),
    case("map-pages", "200 pages of 100 leads, 64 in flight, decoded", "/slow-page", 200, PAGE_PEERS),
  }
  started:stop()
  return tables
end
