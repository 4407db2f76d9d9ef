-- SPDX-License-Identifier: MIT

-- The resident set of a process that fetches and decodes pages and keeps none.

local measure = require "bench.measure"
local programs = require "bench.programs"

return function()
  local started = programs.start()
  local columns = {
    { name = "resident set after 250 pages", unit = "MiB" }, { name = "resident set after 1,250 pages", unit = "MiB" },
  }
  local ways = started:ways {
    url = started.server.url, path = "/page", count = 1000, flight = 1,
    why = {
      libcurl = "The loop in C keeps the bytes of one page; lofty has a Lua state, whose decoded pages live until its collector "
        .. "frees them.",
    },
    names = { "lofty", "libcurl", "lua-curl", "lua-http", "requests", "httpx", "node" },
    figures = function(_, _, before, after) return before / 1024, after / 1024 end,
  }
  local rows = measure.compare(ways, 1, columns)
  started:stop()
  return { { name = "memory", title = "Memory over 1,000 pages of 100 leads", columns = columns, rows = rows } }
end
