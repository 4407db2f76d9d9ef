-- The loop of bare.c by lofty: microseconds a request, for each line on its input.
-- usage: lua5.4 bench/keepalive/client.lua BASE_URL COUNT API_KEY
local lofty = require "lofty"
local monotonic = require "lofty.curl".monotonic

local base_url, count, api_key = arg[1], tonumber(arg[2]), arg[3]
local crm = lofty.client { api_key = api_key, base_url = base_url }

local function round()
  local began = monotonic()
  for _ = 1, count do assert(crm:get("/v1.0/me")) end
  return (monotonic() - began) / count * 1e6
end

round() -- warms up
while io.read() do
  print(("%.3f"):format(round()))
  io.flush()
end
