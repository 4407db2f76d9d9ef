-- SPDX-License-Identifier: MIT

-- lua-http with lua-cjson: a connection for each call in flight, which stays open.
-- usage: lua5.2 bench/peers/lua_http.lua BASE_URL PATH COUNT IN_FLIGHT; BENCH_KEY and BENCH_CA in the environment

package.path = "./?.lua;" .. package.path
local cjson = require "cjson"
local client = require "http.client"
local cqueues = require "cqueues"
local http_headers = require "http.headers"
local loop = require "bench.peers.loop"

local scheme, host, port = arg[1]:match "^(%a+)://([^:]+):(%d+)$"
local path, count, flight = arg[2], tonumber(arg[3]), tonumber(arg[4])

local context
if scheme == "https" then
  context = require("http.tls").new_client_context()
  local store = require("openssl.x509.store").new()
  store:add(os.getenv "BENCH_CA")
  context:setStore(store)
end

local headers = http_headers.new()
headers:append(":method", "GET")
headers:append(":scheme", scheme)
headers:append(":authority", host .. ":" .. port)
headers:append(":path", path)
headers:append("authorization", "token " .. os.getenv "BENCH_KEY")
headers:append("content-type", "application/json")
headers:append("accept", "application/json")
headers:append("accept-encoding", "gzip")
headers:append("user-agent", "bench")

local connections = {}

local left -- calls that no worker has begun

local function worker(index)
  local connection = connections[index]
  if not connection then
    connection = assert(client.connect { host = host, port = tonumber(port), tls = scheme == "https", ctx = context })
    connections[index] = connection
  end
  while left > 0 do
    left = left - 1
    local stream = assert(connection:new_stream())
    assert(stream:write_headers(headers, true))
    assert(assert(stream:get_headers()):get ":status" == "200")
    assert(cjson.decode(assert(stream:get_body_as_string())))
  end
end

loop(count, function(calls)
  left = calls
  local loops = cqueues.new()
  for index = 1, flight do loops:wrap(worker, index) end
  assert(loops:loop())
end)
