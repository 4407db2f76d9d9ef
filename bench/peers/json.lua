-- SPDX-License-Identifier: MIT

-- Decodes a file's JSON, or encodes what it holds.
-- usage: lua5.4 bench/peers/json.lua lofty|cjson|rapidjson decode|encode COUNT FILE

package.path = "./?.lua;" .. package.path
local loop = require "bench.peers.loop"

local module, what, count = arg[1], arg[2], tonumber(arg[3])
local file = assert(io.open(arg[4]))
local text = file:read "*a"
file:close()

local json = require(module == "lofty" and "lofty.json" or module)
local value = assert(json.decode(text))

loop(count, what == "decode" and function(times)
  for _ = 1, times do json.decode(text) end
end or function(times)
  for _ = 1, times do json.encode(value) end
end)
