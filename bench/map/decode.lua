-- SPDX-License-Identifier: MIT

-- Decodes a page by lua-cjson: microseconds of processor time a page.
-- usage: lua5.4 bench/map/decode.lua COUNT
package.path = "./?.lua;" .. package.path
local decode = require "cjson".decode
local page = require "bench.page"

local count = tonumber(arg[1])

local function run(times)
  for _ = 1, times do decode(page) end
end

run(math.floor(count / 4)) -- warms up
local used = os.clock()
run(count)
print(("%.3f"):format((os.clock() - used) / count * 1e6))
