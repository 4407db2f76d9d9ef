-- SPDX-License-Identifier: MIT

-- Calls through lofty.map, 64 in flight (client.lua: checked, paced, decoded), and a bare C libcurl multi loop (bare.c)
-- that sends the same and throws the answer away, in turns: wall time and processor time of the client. The server is
-- an nginx that takes 10 ms for each answer. The pages of 100 leads are compared with the bare loop and lua-cjson's
-- decoding of as many pages (decode.lua) together.
-- usage: lua5.4 bench/map/run.lua [calls] [rounds]
package.path = "./?.lua;" .. package.path
local median = require "bench.median"
local nginx = require "lofty.sandbox.nginx"
local page = require "bench.page"

local calls, rounds = tonumber(arg[1] or 2000), tonumber(arg[2] or 11)
local quote = nginx.quote

local IN_FLIGHT = 64
local API_KEY = "0123456789abcdef"
local ME = '{"id":651095960136641,"email":"agent@example.com","firstName":"Ada"}'

local CONF = [[
worker_processes 1;
events { worker_connections 1024; }
http {
  keepalive_requests 100000000;
  init_by_lua_block {
    local file = assert(io.open("%s/page.json"))
    page = file:read("*a")
    file:close()
  }
  server {
    listen 127.0.0.1:%d;
    default_type application/json;
    location = /v1.0/me { content_by_lua_block { ngx.sleep(0.01) ngx.print('%s') } }
    location = /v1.0/leads { content_by_lua_block { ngx.sleep(0.01) ngx.print(page) } }
  }
}
]]

local server = nginx.start {
  conf = function(ports, folder)
    nginx.write(folder .. "/page.json", page)
    return CONF:format(folder, ports[1], ME)
  end,
}
local base_url = "http://127.0.0.1:" .. server.ports[1]
local program = server.folder .. "/bare"
local said = nginx.shell(("${CC:-cc} -O2 -o %s bench/map/bare.c -lcurl 2>&1"):format(quote(program)))
assert(said == "", said)

-- Client and server on a processor each.
nginx.shell(("taskset -a -c -p 0 $(pgrep -P %d) >/dev/null; taskset -a -c -p 1 $PPID >/dev/null"):format(server.pid))

local function times(command)
  local wall, used = nginx.shell(command):match("^(%S+) (%S+)")
  return assert(tonumber(wall), command .. " failed"), tonumber(used)
end

local function bare_command(path, count)
  local command = ("%s %s %d %d"):format(quote(program), quote(base_url .. path), count, IN_FLIGHT)
  for _, header in ipairs {
    "Authorization: token " .. API_KEY, "Content-Type: application/json", "Accept: application/json",
    "User-Agent: lofty-lua",
  } do
    command = command .. " " .. quote(header)
  end
  return command
end

-- Each round starts each program anew, and who comes first changes. `extra` is processor time to be added to the bare
-- loop's.
local function compare(name, path, count, extra)
  local ours = ("%s bench/map/client.lua %s %s %d %d %s"):format(arg[-1], quote(base_url), path, count, IN_FLIGHT, API_KEY)
  local bare = bare_command(path, count)
  local our, their, wall_ratios, used_ratios = {}, {}, {}, {}
  for i = 1, rounds do
    local bare_wall, bare_used, wall, used
    if i % 2 == 0 then bare_wall, bare_used = times(bare) end
    wall, used = times(ours)
    if i % 2 == 1 then bare_wall, bare_used = times(bare) end
    bare_used = bare_used + (extra and tonumber(nginx.shell(extra)) or 0)
    our[i], their[i], wall_ratios[i], used_ratios[i] = used, bare_used, wall / bare_wall, used / bare_used
  end
  print(("  %-22s processor time: bare %7.1f us, lofty.map %7.1f us, ratio %.2f; wall time: ratio %.2f"):format(
    name, median(their), median(our), median(used_ratios), median(wall_ratios)))
end

print(("%s, medians of %d rounds of %d calls, %d in flight:"):format(
  jit and jit.version or _VERSION, rounds, calls, IN_FLIGHT))
compare("GET /v1.0/me", "/v1.0/me", calls)
local pages = math.ceil(calls / 5)
if pcall(require, "cjson") then
  compare("pages, with lua-cjson", "/v1.0/leads", pages, ("%s bench/map/decode.lua %d"):format(arg[-1], pages))
else
  print("  pages: skipped, they need lua-cjson")
end
server:stop()
