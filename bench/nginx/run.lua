-- SPDX-License-Identifier: MIT

--- Compares, inside nginx, a location that makes one upstream API call by lofty, by proxy_pass (the upper bound) and by a
-- libcurl binding that blocks the worker process.
--
--     eval "$(make -s env)"; lua5.4 bench/nginx/run.lua
--
-- Needs nginx with its Lua module, lua-cjson and h2load (nghttp2-client).

package.path = "./?.lua;" .. package.path
local launcher = require "lofty.sandbox.nginx"
local median = require "bench.median"
local runtime = require "lofty.runtime.curl"
local servers = require "bench.nginx.servers"

local shell, contents, format = launcher.shell, launcher.contents, string.format

local ROUNDS = 5
local REQUESTS = tonumber(os.getenv("REQUESTS") or 20000)
local MEMORY = tonumber(os.getenv("MEMORY_REQUESTS") or 200000)
local CONNECTIONS = 32

local function say(...) print(format(...)) end

-- CPU time of a process in seconds.
local function cpu(pid)
  local fields, n = {}, 0
  for word in contents("/proc/" .. pid .. "/stat"):match("%) (.*)"):gmatch("%S+") do
    n = n + 1
    fields[n] = word
  end
  return (tonumber(fields[12]) + tonumber(fields[13])) / 100
end

local function load(server, path, count, connections)
  local text = shell(format("h2load --h1 -c %d -n %d %s%s 2>&1", connections or CONNECTIONS, count, server.url, path))
  local rate = tonumber(text:match("finished in [^,]+, ([%d.]+) req/s"))
  local good = tonumber(text:match("status codes: (%d+) 2xx"))
  if good ~= count then error("bench: " .. path .. ": " .. tostring(good) .. " of " .. count .. " succeeded\n" .. text) end
  return rate
end

-- Requests a second, in turns, so that other load on the machine affects all ways alike.
local function throughput(all)
  local ways = {
    { name = "proxy_pass", server = all.main, path = "/proxy" },
    { name = "lofty", server = all.main, path = "/lofty" },
    { name = "blocking libcurl", server = all.blocking, path = "/curl" },
  }
  for _, way in ipairs(ways) do
    load(way.server, way.path, 2000)
    way.rates, way.costs = {}, {}
  end
  for round = 1, ROUNDS do
    for _, way in ipairs(ways) do
      local before = cpu(way.server.worker)
      way.rates[round] = load(way.server, way.path, REQUESTS)
      way.costs[round] = (cpu(way.server.worker) - before) / REQUESTS * 1e6
    end
  end
  say("One upstream API call a request, one worker, %d connections, median of %d x %d requests:", CONNECTIONS, ROUNDS,
    REQUESTS)
  local bound = median(ways[1].rates)
  for _, way in ipairs(ways) do
    say("  %-18s %8.0f requests/s   %5.1f us of CPU each   %.2f of proxy_pass", way.name, median(way.rates),
      median(way.costs), median(way.rates) / bound)
  end
  say("  goal: lofty at least 0.75 of proxy_pass: %s", median(ways[2].rates) / bound >= 0.75 and "reached" or "MISSED")
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

local function latency(all, folder)
  local ways = {
    { name = "nothing else", server = all.main, p99 = {} },
    { name = "proxy_pass", server = all.main, path = "/proxy-slow", p99 = {} },
    { name = "lofty", server = all.main, path = "/lofty-slow", p99 = {} },
  }
  for round = 1, ROUNDS do
    for _, way in ipairs(ways) do way.p99[round] = ping(way.server, way.path, folder) end
  end
  say("\np99 of /ping in the same worker, while 64 calls of 200 ms are in flight (median of %d):", ROUNDS)
  local bound = median(ways[2].p99)
  for _, way in ipairs(ways) do
    say("  %-18s %8.2f ms   %.2f of proxy_pass", way.name, median(way.p99), median(way.p99) / bound)
  end
  say("  %-18s %8.2f ms   (the worse of 2 pings beside 8 calls)", "blocking libcurl", ping_blocked(all.blocking, "/curl-slow"))
  say("  goal: lofty at most 1.2 of proxy_pass: %s", median(ways[3].p99) <= 1.2 * bound and "reached" or "MISSED")
end

local function read(url)
  local res = assert(runtime:request { method = "GET", url = url })
  return res.body
end

local function memory(all)
  say("\nMemory of the worker over %d calls of lofty:", MEMORY)
  load(all.main, "/lofty", 20000)
  local first
  for step = 0, 4 do
    if step > 0 then load(all.main, "/lofty", math.floor(MEMORY / 4)) end
    local heap, rss = read(all.main.url .. "/heap"):match("^(%S+) (%S+)")
    heap, rss = tonumber(heap), tonumber(rss)
    first = first or { heap, rss }
    say("  after %7d   LuaJIT heap %8.0f KiB (%+.0f)   RSS %7d KiB (%+d)", step * MEMORY / 4, heap, heap - first[1], rss,
      rss - first[2])
  end
end

-- The client is libcurl, which sends an idempotent request again when a kept connection closes without a response (RFC
-- 9112, section 9.3.1).
local function reload(all)
  local list = {}
  for i = 1, 20000 do list[i] = i end
  local answered, reloads = 0, 0
  local _, failures = runtime:map(list, function()
    local res, err = runtime:request { method = "GET", url = all.main.url .. "/lofty", headers = {} }
    if not res then return nil, err end
    if res.status ~= 200 then return nil, "status " .. res.status end
    answered = answered + 1
    return true
  end, {
    concurrency = 16,
    on_progress = function(done)
      if done % 4000 == 2000 then
        os.execute("kill -HUP " .. all.main.pid)
        reloads = reloads + 1
      end
    end,
  })
  local lost = {}
  for _, why in pairs(failures or {}) do lost[#lost + 1] = tostring(why) end
  say("\nReload under load: %d of %d requests answered over %d reloads (HUP)%s", answered, #list, reloads,
    lost[1] and "; lost: " .. lost[1] or "")
end

local all = servers.start()
local ok, problem = pcall(function()
  throughput(all)
  latency(all, all.upstream.folder)
  memory(all)
  reload(all)
end)
servers.stop(all)
if not ok then
  io.stderr:write(tostring(problem), "\n")
  os.exit(1)
end
