-- SPDX-License-Identifier: MIT

--- Five processes share a limit of 300 calls a minute through Redis, and call as fast as the limiter allows.
-- The sandbox counts in its own windows, as Lofty does. Prints how much of the limit was used and the number of 429s.
-- Takes two minutes, for three windows; another number of seconds may be given.
--   eval "$(make -s env)"; lua5.4 bench/endurance/limiter.lua [seconds]

local PROCESSES, CONCURRENCY, LIMIT, WINDOW = 5, 16, 300, 60

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local format = string.format

local function work(url, client_id, api_key, socket, seconds)
  local runtime = require "lofty.runtime.curl"
  local refused = 0
  local crm = lofty.client {
    api_key = api_key, client_id = client_id, base_url = url, limit = LIMIT,
    store = lofty.store.redis { url = "unix://" .. socket },
    on_response = function(event) if event.status == 429 then refused = refused + 1 end end,
  }
  local served, failed = 0, 0
  local tasks = {}
  for i = 1, CONCURRENCY + 1 do tasks[i] = i end
  lofty.map(tasks, function(i)
    if i > CONCURRENCY then
      -- Calls that still wait for the next window are not counted.
      runtime:sleep(seconds)
      print(served, failed, refused, crm:stats().waits)
      io.stdout:flush()
      os.exit(0)
    end
    while true do
      if crm:get("/v1.0/me") then served = served + 1 else failed = failed + 1 end
    end
  end, { concurrency = #tasks })
end

if arg[1] == "work" then return work(arg[2], arg[3], arg[4], arg[5], tonumber(arg[6])) end

local seconds = tonumber(arg[1]) or 2 * WINDOW + 5
local quote = require("lofty.sandbox.nginx").quote
local redis = require("spec.support.redis").start()
local box = require("lofty.sandbox").start { rate_limit = LIMIT, rate_window = WINDOW, journal = false }

local interpreter = arg[-1]
local pipes = {}
for i = 1, PROCESSES do
  pipes[i] = assert(io.popen(table.concat({
    quote(interpreter), quote(arg[0]), "work", quote(box.url), quote(box.client_id), quote(box.api_key),
    quote(redis.socket), tostring(seconds),
  }, " "), "r"))
end
local served, failed, refused, waits = 0, 0, 0, 0
for i = 1, PROCESSES do
  local a, b, c, d = pipes[i]:read("*n", "*n", "*n", "*n")
  pipes[i]:close()
  print(format("  process %d: %4d calls served, %d failed, %d responses of 429", i, a or 0, b or 0, c or 0))
  served, failed, refused, waits = served + (a or 0), failed + (b or 0), refused + (c or 0), waits + (d or 0)
end
box:stop()
redis:stop()

-- The number of calls that the windows starting within this time allow.
local budget = LIMIT * (math.floor(seconds / WINDOW) + 1)
print(format("budget %d/%d s shared by %d processes x %d coroutines for %g s", LIMIT, WINDOW, PROCESSES, CONCURRENCY,
  seconds))
print(format("  %d of %d calls used (%.1f %%, goal 95 %%), %d failed, %d responses of 429, %d waits", served, budget,
  100 * served / budget, failed, refused, waits))
