-- SPDX-License-Identifier: MIT

-- When a call with a deadline ends, in each place where it can wait, in plain Lua and inside nginx.

local json = require "lofty.json"
local measure = require "bench.measure"
local median = require "bench.median"
local nginx = require "lofty.sandbox.nginx"
local socket = require "socket"
local wires = require "spec.support.wire"

local DEADLINE, ROUNDS = 0.25, 5
local format, quote = string.format, nginx.quote

local TEXT = "Milliseconds between a call's deadline, 250 ms after its start, and its end. A negative figure: the call knew "
  .. "before its deadline that the wait would be longer, and ended at once. A token request is never cut: the call ends with it."

-- libcurl resolves names as the system says. Its name server is one that never responds: /etc/resolv.conf of a mount
-- namespace, port 53 of a network namespace. Where those are not allowed, nothing is printed.
local RESOLVING = [[
  unshare --net --mount --map-root-user sh -c 'echo nameserver 127.0.0.1 >"$1/resolv.conf" &&
    mount --bind "$1/resolv.conf" /etc/resolv.conf && ip link set lo up &&
    exec lua5.4 bench/suite/deadlines/resolving.lua "$2" "$3"' sh %s %g %d 2>/dev/null]]

local CONF = [[
worker_processes 1;
error_log @FOLDER@/error.log crit;
events {}
http {
  lua_package_path "@ROOT@/?.lua;@ROOT@/lua/?.lua;@ROOT@/lua/?/init.lua;;";
  lua_package_cpath "@ROOT@/build/5.1/?.so;;";
  resolver 127.0.0.1:@DNS@ ipv6=off;
  server {
    listen 127.0.0.1:@PORT@;
    client_max_body_size 1m;
    location / {
      content_by_lua_block {
        ngx.req.read_body()
        local json = require "lofty.json"
        local ok, rows = pcall(require "bench.suite.deadlines.measure", json.decode(ngx.req.get_body_data()))
        ngx.print(ok and json.encode(rows) or tostring(rows))
      }
    }
  }
}
]]

local JSON = "ngx.header['Content-Type'] = 'application/json' "
local LIST = JSON .. [[
  ngx.sleep(0.1)
  local leads = {}
  for i = 1, 100 do leads[i] = '{"leadId":' .. math.random(1e9) .. '}' end
  ngx.print('{"_metadata":{"total":100000,"scrollId":"', math.random(1e9), '"},"leads":[', table.concat(leads, ","), "]}")
]]

-- A socket that accepts nothing: what connects is accepted by the kernel, at most as many as the backlog holds.
local function listener(backlog)
  local server = assert(socket.tcp())
  assert(server:bind("127.0.0.1", 0))
  assert(server:listen(backlog))
  local _, port = server:getsockname()
  return server, format("http://127.0.0.1:%d", port), tonumber(port)
end

-- The rows of both runtimes.
local function measured(place, dns_port)
  place.name = "plain"
  local plain = require "bench.suite.deadlines.measure"(place)
  local resolving = json.decode(nginx.shell(format(RESOLVING, quote(place.folder), DEADLINE, ROUNDS)))
  for i, row in ipairs(plain) do
    if row[1] == "resolving" then plain[i] = resolving or row end
  end
  local server = nginx.start {
    conf = function(ports, at)
      return (CONF:gsub("@(%u+)@", {
        ROOT = nginx.shell "pwd -P", PORT = tostring(ports[1]), DNS = tostring(dns_port), FOLDER = at,
      }))
    end,
  }
  place.name, place.resolver = "nginx", true
  nginx.write(place.folder .. "/place.json", json.encode(place))
  local printed = nginx.shell(format("curl -s --data-binary @%s http://127.0.0.1:%d/",
    quote(place.folder .. "/place.json"), server.ports[1]))
  server:stop()
  return plain, assert(json.decode(printed), printed)
end

-- The median and the longest time over, in milliseconds.
local function add(values, over)
  local longest
  for _, value in ipairs(over) do longest = math.max(longest or value, value) end
  values[#values + 1] = longest and median(over) * 1000
  values[#values + 1] = longest and longest * 1000
end

local function column(name) return { name = name, unit = "ms", is_own = true } end

return function()
  local wire = wires.start()
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
  local folder = measure.folder()
  local plain, inside = measured({
    deadline = DEADLINE, rounds = ROUNDS, folder = folder, silent = silent_url, full = full_url,
    ok = wire:lua("ok", JSON .. "ngx.print('{}')"),
    unavailable = wire:lua("unavailable", "ngx.header['Retry-After'] = '30' ngx.status = 503 ngx.print('busy')"),
    slow_grant = wire:lua("grant", JSON .. "ngx.sleep(1) ngx.print('{\"access_token\":\"a\",\"expires_in\":3600}')"),
    list = wire:lua("list", LIST),
  }, dns_port)
  wire:stop()
  nginx.shell("rm -rf " .. quote(folder))
  silent:close()
  full:close()
  dns:close()
  local rows = {}
  for i, row in ipairs(plain) do
    local values = {}
    add(values, row[2])
    if values[1] then
      add(values, inside[i][2])
      rows[#rows + 1] = { subject = row[1], values = values, ratios = {}, rounds = ROUNDS, note = "err.kind " .. row[3] }
    end
  end
  return {
    {
      name = "deadlines", title = "When a call with a deadline ends", text = TEXT, rows = rows,
      columns = { column "plain Lua", column "the longest", column "nginx", column "the longest" },
    },
  }
end
