-- SPDX-License-Identifier: MIT

-- Inside nginx: a location that makes one upstream API call by lofty, by proxy_pass (the least that is possible), by
-- lua-resty-http and by a libcurl binding that blocks the worker process. Another only sends fixed bytes over a cosocket
-- and reads some (the least that is possible in Lua).

local launcher = require "lofty.sandbox.nginx"
local measure = require "bench.measure"
local peers = require "bench.peers"
local servers = require "bench.suite.nginx.servers"

local shell, contents, format, load = launcher.shell, launcher.contents, string.format, servers.load

local REQUESTS = 15000

local WHY = {
  proxy = "proxy_pass copies the response in C; lofty runs Lua for each request: it builds the call, writes and reads over a "
    .. "cosocket, reads the head, decodes the JSON, and the location prints two fields of it.",
  cosocket = "A bare cosocket sends fixed bytes and reads once: it is the share of nginx and of its Lua module, "
    .. "without HTTP and JSON.",
  blocking = "The blocking binding never gives the worker to another request, and this upstream responds before it would have "
    .. "to wait; the next table shows what it costs with a slow one.",
}

-- CPU time of a process in seconds.
local function cpu(pid)
  local fields, n = {}, 0
  for word in contents("/proc/" .. pid .. "/stat"):match("%) (.*)"):gmatch("%S+") do
    n = n + 1
    fields[n] = word
  end
  return (tonumber(fields[12]) + tonumber(fields[13])) / 100
end

-- A location, in turns with the others: microseconds a request, of time and of the worker's CPU.
local function throughput(all)
  local function way(name, peer, server, path, why)
    if not (peer and peers.missing(peer)) then load(server, path, 2000) end -- warms up
    return {
      name = name, peer = peer, why = why,
      run = function()
        local before = cpu(server.worker)
        local rate = load(server, path, REQUESTS)
        return 1e6 / rate, (cpu(server.worker) - before) / REQUESTS * 1e6
      end,
    }
  end
  local columns = { { name = "time", unit = "µs" }, { name = "CPU of the worker", unit = "µs" } }
  local ways = {
    way("lofty", nil, all.main, "/lofty"),
    way("proxy_pass", "nginx", all.main, "/proxy", WHY.proxy),
    way("a bare cosocket", "nginx", all.main, "/cosocket", WHY.cosocket),
    way("lua-resty-http and lua-cjson", "lua-resty-http", all.main, "/resty"),
    way("a blocking libcurl binding and lua-cjson", "libcurl", all.blocking, "/curl", WHY.blocking),
  }
  return {
    name = "nginx", title = "Inside nginx: one upstream call a request, one worker, 32 connections", columns = columns,
    rows = measure.compare(ways, 5, columns),
  }
end

-- The p99 in milliseconds of /ping while 64 slow calls are in flight. They start one after the other within 200 ms, as
-- calls of independent users do, so that they do not all end at the same moment.
local function ping(server, path, folder)
  local log = folder .. "/ping.tsv"
  os.remove(log)
  local slow = path
    and format("h2load --h1 -c 64 -n 1600 -r 3 --rate-period=10ms %s%s >/dev/null 2>&1 & sleep 1; ", server.url, path) or ""
  shell(format("%sh2load --h1 -c 1 -n 1500 --rps=500 --log-file=%s %s/ping >/dev/null 2>&1; wait", slow, log, server.url))
  local times = {}
  for line in contents(log):gmatch("[^\n]+") do
    local status, took = line:match("^%d+\t(%d+)\t(%d+)")
    if status == "200" then times[#times + 1] = tonumber(took) / 1000 end
  end
  table.sort(times)
  return times[math.ceil(#times * 0.99)] or 1 / 0
end

-- Two pings suffice: each call blocks the worker process, and more would take minutes.
local function ping_blocked(server, path)
  local text = shell(format("h2load --h1 -c 8 -n 16 %s%s >/dev/null 2>&1 & sleep 0.3; h2load --h1 -c 1 -n 2 %s/ping; wait",
    server.url, path, server.url))
  local value, unit = text:match("time for request:%s+%S+%s+([%d.]+)(%a+)")
  return tonumber(value or 0) * (unit == "s" and 1000 or unit == "us" and 0.001 or 1)
end

local function latency(all)
  local function way(name, peer, path)
    return { name = name, peer = peer, run = function() return ping(all.main, path, all.upstream.folder) end }
  end
  local columns = { { name = "p99 of /ping", unit = "ms" } }
  local ways = {
    way("lofty", nil, "/lofty-slow"), way("proxy_pass", "nginx", "/proxy-slow"),
    way("lua-resty-http", "lua-resty-http", "/resty-slow"), way("no other calls", nil),
    {
      name = "a blocking libcurl binding", peer = "libcurl", note = "the median of 2 pings beside 8 calls.",
      run = function() return ping_blocked(all.blocking, "/curl-slow") end,
    },
  }
  return {
    name = "nginx-ping", title = "Inside nginx: /ping in the same worker, while 64 calls of 200 ms are in flight",
    columns = columns, rows = measure.compare(ways, 3, columns),
    why = "Each call runs Lua when it starts and when it ends, for as long as the table before shows, and a /ping that comes "
      .. "meanwhile waits for it.",
  }
end

return function()
  local all = servers.start()
  local tables = { throughput(all), latency(all) }
  servers.stop(all)
  return tables
end
