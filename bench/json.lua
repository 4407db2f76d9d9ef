-- SPDX-License-Identifier: MIT

--- Decodes and encodes a page of 100 leads, as GET /v1.0/leads returns it, with lofty and with
-- lua-cjson. A ratio above 1 is how many times as fast lofty is.
--   eval "$(make -s env)"; lua5.4 bench/json.lua

package.path = "./?.lua;" .. package.path
local core = require "lofty.core"
local cjson = require "cjson"
local page = require "bench.page"
local format, clock, floor = string.format, os.clock, math.floor

-- Seconds per call, after a full collection and a warm-up.
local function seconds(fn, value)
  collectgarbage()
  for _ = 1, 10 do fn(value) end
  local began = clock()
  for _ = 1, 40 do fn(value) end
  return (clock() - began) / 40
end

-- Measures both in turns, so that other load affects both, and takes the best round of each.
local function compare(what, our_fn, our_value, their_fn, their_value)
  local ours, theirs = math.huge, math.huge
  for _ = 1, 12 do
    ours = math.min(ours, seconds(our_fn, our_value))
    theirs = math.min(theirs, seconds(their_fn, their_value))
  end
  local line = "%-7s lofty %7.0f us   lua-cjson %7.0f us   ratio %.2f"
  print(format(line, what, ours * 1e6, theirs * 1e6, theirs / ours))
end

local name = type(jit) == "table" and jit.version or _VERSION -- luacheck: ignore
print(format("%s, lua-cjson %s, a page of 100 leads, %d KB", name, cjson._VERSION, floor(#page / 1000)))
compare("decode", core.json_decode, page, cjson.decode, page)
compare("encode", core.json_encode, assert(core.json_decode(page)), cjson.encode, cjson.decode(page))
