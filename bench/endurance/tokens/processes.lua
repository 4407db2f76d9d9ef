-- SPDX-License-Identifier: MIT

-- Many processes use accounts with expired tokens at the same moment: counts the grants that reach the server and the
-- calls that succeed. Processes of plain Lua share a file store or Redis, nginx's workers a shared dict backed by either;
-- refresh tokens stay, or rotate (then a second use of one revokes the account). The server takes 0.2 s for a grant, so
-- that all processes meet at the lock. Exits with 1 unless there is one grant for each account and no failed call.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/tokens/processes.lua [processes [coroutines [accounts]]]

package.path = "./?.lua;" .. package.path
local token_processes = require "spec.support.token_processes"
local workers = require "spec.support.token_workers"
local nginx = require "lofty.sandbox.nginx"
local redis_server = require "spec.support.redis"
local sandbox = require "lofty.sandbox"

local processes, coroutines = tonumber(arg[1]) or 8, tonumber(arg[2]) or 50
local many = tonumber(arg[3]) or 1000
local good = true

local one, thousand = { "113209" }, {}
for i = 1, many do thousand[i] = tostring(500000 + i) end

local function report(box, kind, rotation, accounts, clients, calls, sum)
  local grants = box:control("counters", { reset = true }).grants.refresh_token or 0
  local expected = processes * calls * #accounts
  local ok = grants == #accounts and sum.done == expected and sum.failed == 0 and sum.dead == 0
  good = good and ok
  print(("%-10s %-8s %5d account%s %d x %d coroutines, %s: %5d grants, %5d of %5d calls succeeded, %6.2f s%s"):format(
    kind, rotation and "rotating" or "staying", #accounts, #accounts == 1 and ", " or "s,", processes, coroutines,
    clients == "each" and "a client a call   " or "a client a process", grants, sum.done, expected, sum.seconds,
    ok and "" or "  NOT OK " .. tostring(sum.problem)))
end

local redis = redis_server.start()
local folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-tokens.XXXXXX"')
for _, rotation in ipairs { false, true } do
  local box = sandbox.start { refresh_rotation = rotation, rate_limit = 100000000, journal = false }
  local function run(kind, place, ask)
    for _, clients in ipairs { "one", "each" } do
      token_processes.stale(place, one)
      box:control("counters", { reset = true })
      box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", delay = 0.2, times = 0 })
      report(box, kind, rotation, one, clients, coroutines, ask(place, {
        processes = processes, coroutines = coroutines, calls = coroutines, accounts = one, clients = clients,
      }))
    end
    box:control("clear_faults")
    token_processes.stale(place, thousand)
    box:control("counters", { reset = true })
    report(box, kind, rotation, thousand, "one", 1, ask(place, {
      processes = processes, coroutines = coroutines, accounts = thousand,
    }))
  end
  local places = {
    file = { path = folder .. (rotation and "/rotating" or "/staying") },
    redis = { redis = "redis://127.0.0.1:" .. redis.port },
  }
  for _, kind in ipairs { "file", "redis" } do
    run(kind, token_processes.place(box, places[kind]), token_processes.ask)
    run("dict/" .. kind, token_processes.place(box, places[kind]), function(place, opt)
      local inside = { dict = true }
      for name, value in pairs(place) do inside[name] = value end
      local sum = workers(inside, opt)
      return sum
    end)
  end
  box:stop()
end
redis:stop()
nginx.shell("rm -rf " .. nginx.quote(folder))
os.exit(good and 0 or 1)
