-- SPDX-License-Identifier: MIT

-- Debian's lua-curl with lua-cjson, one easy handle.
-- usage: lua5.2 bench/peers/lua_curl.lua BASE_URL PATH COUNT 1; BENCH_KEY and BENCH_CA in the environment

package.path = "./?.lua;" .. package.path
local cjson = require "cjson"
local curl = require "curl"
local loop = require "bench.peers.loop"

local easy = curl.easy_init()
local parts
easy:setopt(curl.OPT_URL, arg[1] .. arg[2])
easy:setopt(curl.OPT_HTTPHEADER, {
  "Authorization: token " .. os.getenv "BENCH_KEY", "Content-Type: application/json", "Accept: application/json",
})
easy:setopt(curl.OPT_USERAGENT, "bench")
easy:setopt(curl.OPT_ACCEPT_ENCODING, "gzip")
easy:setopt(curl.OPT_FAILONERROR, 1)
easy:setopt(curl.OPT_NOSIGNAL, 1)
if os.getenv "BENCH_CA" then easy:setopt(curl.OPT_CAINFO, os.getenv "BENCH_CA") end
easy:setopt(curl.OPT_WRITEFUNCTION, function(bytes)
  parts[#parts + 1] = bytes
  return #bytes
end)

loop(tonumber(arg[3]), function(calls)
  for _ = 1, calls do
    parts = {}
    assert(easy:perform() == 0)
    assert(cjson.decode(table.concat(parts)))
  end
end)
