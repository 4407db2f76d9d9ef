-- SPDX-License-Identifier: MIT

-- usage: lua5.4 bench/peers/lofty.lua BASE_URL PATH COUNT IN_FLIGHT; BENCH_KEY and BENCH_CA in the environment

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local loop = require "bench.peers.loop"

local base_url, path, count, flight = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local crm = lofty.client { api_key = os.getenv "BENCH_KEY", base_url = base_url, ca = os.getenv "BENCH_CA" }

loop(count, flight == 1 and function(calls)
  for _ = 1, calls do assert(crm:get(path)) end
end or function(calls)
  local list = {}
  for i = 1, calls do list[i] = i end
  local _, failures = lofty.map(list, function()
    local value, err = crm:get(path)
    return value and true, err -- no value is kept
  end, { concurrency = flight })
  assert(not failures)
end)
