-- SPDX-License-Identifier: MIT

-- The loop of bare.c by lofty: microseconds a request.
-- usage: lua5.4 bench/keepalive/client.lua BASE_URL COUNT API_KEY
local lofty = require "lofty"
local monotonic = require "lofty.curl".monotonic

local base_url, count, api_key = arg[1], tonumber(arg[2]), arg[3]
local crm = lofty.client { api_key = api_key, base_url = base_url }

local function round(requests)
  local began = monotonic()
  for _ = 1, requests do assert(crm:get("/v1.0/me")) end
  return (monotonic() - began) / requests * 1e6
end

round(math.floor(count / 4)) -- warms up
print(("%.3f"):format(round(count)))
