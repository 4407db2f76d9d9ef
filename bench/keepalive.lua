-- A keep-alive GET through the runtime, and a bare C libcurl loop (keepalive.c), on the same server, in turns.
-- usage: lua5.4 bench/keepalive.lua [requests] [rounds]
package.path = "./?.lua;" .. package.path
local nginx = require "spec.support.nginx"
local runtime = require "lofty.runtime.curl"

local requests, rounds = tonumber(arg[1] or 5000), tonumber(arg[2] or 9)

local CONF = [[
worker_processes 1;
events {}
http {
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:%d;
    location / {
      default_type application/json;
      add_header X-RateLimit-Limit 100;
      add_header X-RateLimit-Remaining 99;
      add_header X-RateLimit-Reset 21000;
      return 200 '{"id":651095960136641,"email":"agent@example.com","firstName":"Ada"}';
    }
  }
}
]]

local server = nginx.start { conf = function(ports) return CONF:format(ports[1]) end }
local url = ("http://127.0.0.1:%d/v1.0/me"):format(server.ports[1])
local program = server.folder .. "/keepalive"
local said = nginx.shell(("${CC:-cc} -O2 -o %s bench/keepalive.c -lcurl 2>&1"):format(nginx.quote(program)))
assert(said == "", said)

-- Each gives microseconds a request.
local function bare()
  return tonumber(nginx.shell(("%s %s %d"):format(nginx.quote(program), url, requests)))
end

local function ours()
  local began = runtime:monotonic()
  for _ = 1, requests do
    assert(runtime:request {
      method = "GET", url = url,
      headers = { Authorization = "Bearer 0123456789", Accept = "application/json" },
    })
  end
  return (runtime:monotonic() - began) / requests * 1e6
end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

ours()
local bares, mine, ratios = {}, {}, {}
for i = 1, rounds do
  bares[i], mine[i] = bare(), ours()
  ratios[i] = mine[i] / bares[i]
end
server:stop()
print(("%s, %d rounds of %d keep-alive GETs, medians:"):format(jit and jit.version or _VERSION, rounds, requests))
print(("  bare C libcurl loop  %7.2f us a request"):format(median(bares)))
print(("  runtime:request      %7.2f us a request"):format(median(mine)))
print(("  ratio                %7.3f"):format(median(ratios)))
