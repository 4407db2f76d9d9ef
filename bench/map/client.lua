-- SPDX-License-Identifier: MIT

-- The loop of bare.c by lofty.map: microseconds a call, wall time and processor time.
-- usage: lua5.4 bench/map/client.lua BASE_URL PATH COUNT IN_FLIGHT API_KEY
local lofty = require "lofty"
local monotonic = require "lofty.curl".monotonic

local base_url, path, count, in_flight, api_key = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4]), arg[5]
local crm = lofty.client { api_key = api_key, base_url = base_url }

local function run(calls)
  local list = {}
  for i = 1, calls do list[i] = i end
  local _, failures = lofty.map(list, function()
    local value, err = crm:get(path)
    return value and true, err -- the value is not kept: a program that walks pages keeps none either
  end, { concurrency = in_flight })
  if failures then error(tostring(select(2, next(failures)))) end
end

run(math.floor(count / 4)) -- warms up
local wall, used = monotonic(), os.clock()
run(count)
wall, used = monotonic() - wall, os.clock() - used
print(("%.3f %.3f"):format(wall / count * 1e6, used / count * 1e6))
