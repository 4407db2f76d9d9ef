-- SPDX-License-Identifier: MIT

-- Inside nginx: the memory of a worker process over many calls, and requests that are answered while the configuration
-- is reloaded.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/nginx.lua [calls]

package.path = "./?.lua;" .. package.path
local runtime = require "lofty.runtime.curl"
local servers = require "bench.suite.nginx.servers"

local format, load = string.format, servers.load

local MEMORY = tonumber(arg[1]) or 200000

local function say(...) print(format(...)) end

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
  memory(all)
  reload(all)
end)
servers.stop(all)
if not ok then
  io.stderr:write(tostring(problem), "\n")
  os.exit(1)
end
