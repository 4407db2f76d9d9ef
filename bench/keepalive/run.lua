-- SPDX-License-Identifier: MIT

-- A keep-alive GET through `crm:get` (client.lua: checked, paced, decoded) and a bare C libcurl loop (bare.c) that sends
-- the same and throws the answer away, on the same server and in turns: the emulator's /v1.0/me when it takes 10 ms, as
-- an API not far away does; the same as fast as it can; and an nginx that answers a constant, which no API does and
-- which shows our own cost alone, 13 to 20 microseconds a call.
-- usage: lua5.4 bench/keepalive/run.lua [requests] [rounds]
package.path = "./?.lua;" .. package.path
local median = require "bench.median"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local requests, rounds = tonumber(arg[1] or 2000), tonumber(arg[2] or 21)
local quote = nginx.quote

local CONSTANT = [[
worker_processes 1;
events {}
http {
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:%d;
    location / {
      default_type application/json;
      add_header X-RateLimit-Remaining 99;
      add_header X-RateLimit-Reset 21000;
      return 200 '{"id":651095960136641,"email":"agent@example.com","firstName":"Ada"}';
    }
  }
}
]]

local function bare_command(program, base_url, api_key, count)
  local command = ("%s %s %d"):format(quote(program), quote(base_url .. "/v1.0/me"), count)
  for _, header in ipairs {
    "Authorization: token " .. api_key, "Content-Type: application/json", "Accept: application/json",
    "User-Agent: lofty-lua",
  } do
    command = command .. " " .. quote(header)
  end
  return command
end

local function our_command(base_url, api_key, count)
  return ("%s bench/keepalive/client.lua %s %d %s"):format(arg[-1], quote(base_url), count, quote(api_key))
end

-- Each round starts both anew, for how the pages of one process lie in the caches makes a difference of some per cent
-- as long as it lives; and who comes first changes.
local function compare(name, what, ours, bare)
  local bares, mine, ratios = {}, {}, {}
  for i = 1, rounds do
    if i % 2 == 0 then bares[i] = tonumber(nginx.shell(bare)) end
    mine[i] = tonumber(nginx.shell(ours))
    bares[i] = bares[i] or tonumber(nginx.shell(bare))
    ratios[i] = mine[i] / bares[i]
  end
  print(("  %-23s bare libcurl %8.2f us, %-8s %8.2f us, ratio %.3f"):format(
    name, median(bares), what, median(mine), median(ratios)))
end

local server = nginx.start { conf = function(ports) return CONSTANT:format(ports[1]) end }
local program = server.folder .. "/bare"
local said = nginx.shell(("${CC:-cc} -O2 -o %s bench/keepalive/bare.c -lcurl 2>&1"):format(quote(program)))
assert(said == "", said)
-- No budget is told, so that nothing is paced.
local box = sandbox.start { journal = false, rate_limit = 0 }

-- Client and server on a processor each: where both share one, the answer is there before anybody waits for it, and
-- what is measured is the scheduler.
local function pin(pid, processor) nginx.shell(("taskset -a -c -p %d %d >/dev/null"):format(processor, pid)) end
for _, pid in ipairs { server.pid, box.pid } do
  pin(pid, 0)
  for child in nginx.shell("pgrep -P " .. pid .. " || true"):gmatch("%d+") do pin(tonumber(child), 0) end
end
pin(tonumber(nginx.shell("echo $PPID")), 1)

print(("%s, medians of %d rounds of up to %d keep-alive GETs:"):format(
  jit and jit.version or _VERSION, rounds, requests))
local function row(name, base_url, api_key, count)
  compare(name, "crm:get", our_command(base_url, api_key, count), bare_command(program, base_url, api_key, count))
end
box:control("fault", { path = "/v1.0/me", delay = 0.01, times = 0 })
row("the emulator, 10 ms", box.url, box.api_key, math.ceil(requests / 20))
box:control("clear_faults")
row("the emulator, at once", box.url, box.api_key, requests)
local itself = bare_command(program, box.url, box.api_key, requests)
compare("  (how far to trust it)", "again", itself, itself)
row("nginx with a constant", "http://127.0.0.1:" .. server.ports[1], "0123456789", requests)
box:stop()
server:stop()
