-- SPDX-License-Identifier: MIT

--- When a call with a deadline ends, in each place where it can wait: milliseconds after the deadline, the median and the
-- longest of some rounds, in plain Lua and inside nginx. A negative figure: the call knew before its deadline that the
-- wait would be longer, and ended at once.
--   eval "$(make -s env)"; lua5.4 bench/deadlines/run.lua [rounds]

local DEADLINE = 0.25

local here = arg[0]:match("^(.*)/bench/[^/]*/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local json = require "lofty.json"
local nginx = require "lofty.sandbox.nginx"
local socket = require "socket"
local wires = require "spec.support.wire"
local format = string.format
local quote = nginx.quote

-- libcurl resolves names as the system says. Its name server is one that never responds: /etc/resolv.conf of a mount
-- namespace, port 53 of a network namespace. Where those are not allowed, nothing is printed.
local NAMESPACES = [[
  unshare --net --mount --map-root-user sh -c 'echo nameserver 127.0.0.1 >"$1/resolv.conf" &&
    mount --bind "$1/resolv.conf" /etc/resolv.conf && ip link set lo up && exec "$2" "$3" resolving "$4"' \
    sh %s %s %s %d 2>/dev/null]]

if arg[1] == "resolving" then
  local dns = assert(socket.udp())
  assert(dns:setsockname("127.0.0.1", 53))
  local rows = require "bench.deadlines.measure" {
    deadline = DEADLINE, rounds = tonumber(arg[2]), only = "resolving", resolver = true,
  }
  for _, row in ipairs(rows) do
    if row[2] then print(json.encode(row)) end
  end
  return
end

local CONF = [[
worker_processes 1;
error_log @FOLDER@/error.log crit;
events {}
http {
  lua_package_path "@HERE@/?.lua;@HERE@/lua/?.lua;@HERE@/lua/?/init.lua;;";
  lua_package_cpath "@HERE@/build/5.1/?.so;;";
  resolver 127.0.0.1:@DNS@ ipv6=off;
  server {
    listen 127.0.0.1:@PORT@;
    client_max_body_size 1m;
    location / {
      content_by_lua_block {
        ngx.req.read_body()
        local json = require "lofty.json"
        local ok, rows = pcall(require "bench.deadlines.measure", json.decode(ngx.req.get_body_data()))
        ngx.print(ok and json.encode(rows) or tostring(rows))
      }
    }
  }
}
]]

local wire = wires.start()
local folder = nginx.shell "mktemp -d"

-- Sockets that accept nothing: what connects is accepted by the kernel, at most as many as the backlog holds.
local function listener(backlog)
  local server = assert(socket.tcp())
  assert(server:bind("127.0.0.1", 0))
  assert(server:listen(backlog))
  local _, port = server:getsockname()
  return server, format("http://127.0.0.1:%d", port), tonumber(port)
end

local silent, silent_url = listener(1000)
local full, full_url, full_port = listener(1)
local waiting = {}
for i = 1, 4 do -- fills the backlog
  waiting[i] = socket.tcp()
  waiting[i]:settimeout(0)
  waiting[i]:connect("127.0.0.1", full_port)
end
local dns = assert(socket.udp())
assert(dns:setsockname("127.0.0.1", 0))
local _, dns_port = dns:getsockname()

local JSON = "ngx.header['Content-Type'] = 'application/json' "
local place = {
  deadline = DEADLINE, rounds = tonumber(arg[1]) or 7, folder = folder, silent = silent_url, full = full_url,
  ok = wire:lua("ok", JSON .. "ngx.print('{}')"),
  unavailable = wire:lua("unavailable", "ngx.header['Retry-After'] = '30' ngx.status = 503 ngx.print('busy')"),
  slow_grant = wire:lua("grant", JSON .. "ngx.sleep(1) ngx.print('{\"access_token\":\"a\",\"expires_in\":3600}')"),
  list = wire:lua("list", JSON .. [[
    ngx.sleep(0.1)
    local leads = {}
    for i = 1, 100 do leads[i] = '{"leadId":' .. math.random(1e9) .. '}' end
    ngx.print('{"_metadata":{"total":100000,"scrollId":"', math.random(1e9), '"},"leads":[', table.concat(leads, ","), "]}")
  ]]),
}

local function finish(server)
  if server then server:stop() end
  wire:stop()
  nginx.shell("rm -rf " .. quote(folder))
  silent:close()
  full:close()
  dns:close()
end

local server
local ok, problem = pcall(function()
  place.name = "plain"
  local plain = require "bench.deadlines.measure"(place)
  local resolving = nginx.shell(format(NAMESPACES, quote(folder), quote(arg[-1]), quote(arg[0]), place.rounds))
  for i, row in ipairs(plain) do
    if row[1] == "resolving" then plain[i] = json.decode(resolving) or row end
  end

  server = nginx.start {
    conf = function(ports, at)
      local root = nginx.shell("cd " .. quote(here) .. " && pwd -P")
      return (CONF:gsub("@(%u+)@", { HERE = root, PORT = tostring(ports[1]), DNS = tostring(dns_port), FOLDER = at }))
    end,
  }
  place.name, place.resolver = "nginx", true
  nginx.write(folder .. "/place.json", json.encode(place))
  local printed = nginx.shell(format("curl -s --data-binary @%s http://127.0.0.1:%d/", quote(folder .. "/place.json"),
    server.ports[1]))
  local inside = assert(json.decode(printed), printed)

  print(format("A deadline of %d ms: the call's end, in ms after it (median, longest of %d)", DEADLINE * 1000, place.rounds))
  print(format("  %-16s %24s %24s", "waits in", "plain Lua", "nginx"))
  local function shown(row)
    if type(row[2]) ~= "number" then return "not measured" end
    return format("%6.1f %6.1f %9s", row[2] * 1000, row[3] * 1000, row[4])
  end
  for i, row in ipairs(plain) do print(format("  %-16s %24s %24s", row[1], shown(row), shown(inside[i]))) end
end)
finish(server)
if not ok then error(problem, 0) end
