-- SPDX-License-Identifier: MIT

-- Outages while processes call: a Redis that restarts again and again, and a holder of a lock that dies in the middle of
-- a refresh. Prints how many calls failed, and for how long the lock was held. Exits with 1 when a call with a valid token
-- failed, or a lock was held for longer than its time.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/tokens/outages.lua [restarts]

package.path = "./?.lua;" .. package.path
local token_processes = require "spec.support.token_processes"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local redis_server = require "spec.support.redis"
local runtime = require "lofty.runtime.curl"
local sandbox = require "lofty.sandbox"

local ACCOUNT, TIMEOUT = "113209", 2
local restarts = tonumber(arg[1]) or 20
local good = true

local redis = redis_server.start()
local folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-outages.XXXXXX"')
local box = sandbox.start { refresh_rotation = true, rate_limit = 100000000, journal = false }

local function place_of(kind)
  return token_processes.place(box, kind == "file" and { path = folder .. "/tokens", timeout = TIMEOUT }
    or { redis = "redis://127.0.0.1:" .. redis.port, timeout = TIMEOUT })
end

-- Redis is killed and started again while one process calls: valid tokens are used, expired ones wait for it.
local function restart()
  local place = place_of "redis"
  token_processes.stale(place, { ACCOUNT })
  local _, app = token_processes.open(place)
  local crm = app:client(ACCOUNT)
  lofty.assert(crm:me())
  local calls, failed, refreshed, lost = 0, 0, 0, 0
  for _ = 1, restarts do
    redis:kill()
    for _ = 1, 20 do
      calls = calls + 1
      if not crm:me() then failed = failed + 1 end
    end
    redis:up()
    box:control("expire", { account = ACCOUNT })
    if crm:me() then refreshed = refreshed + 1 else lost = lost + 1 end
  end
  good = good and failed == 0 and lost == 0
  print(("redis killed and restarted %d times: %d of %d calls with a valid token failed; "
    .. "%d refreshes after it, %d failed"):format(restarts, failed, calls, refreshed, lost))
end

-- Waits until the holder of the lock waits for the response to its token request.
local function wait_for_fault()
  for _ = 1, 2000 do
    if box:control("counters").faults then return end
    runtime:sleep(0.005)
  end
  error("the holder sends no token request")
end

local function holder(kind)
  local place = place_of(kind)
  token_processes.stale(place, { ACCOUNT })
  box:control("counters", { reset = true })
  box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", delay = 300 })
  local gathered = token_processes.gather(place, { processes = 1, coroutines = 1, accounts = { ACCOUNT } })
  gathered.pipes[1]:write("go\n")
  gathered.pipes[1]:flush()
  wait_for_fault()
  nginx.shell("kill -9 " .. gathered.pids[1])
  gathered:stop()
  local _, app = token_processes.open(place)
  local began = runtime:monotonic()
  local me, err = app:client(ACCOUNT):me()
  local ttl = require("lofty.oauth.times").of(TIMEOUT).lease_ttl
  local took = runtime:monotonic() - began
  local ok = me and took < (kind == "file" and 1 or ttl + 1)
  good = good and ok
  print(("%s: the holder of a lock dies in the middle of a refresh; the next call %s after %.2f s "
    .. "(the lock's time: %s)"):format(kind, me and "succeeds" or "fails with " .. tostring(err), took,
    kind == "file" and "its holder's life" or ("%g s, for a time limit of %g s"):format(ttl, TIMEOUT)))
end

restart()
holder "file"
holder "redis"
box:stop()
redis:stop()
nginx.shell("rm -rf " .. nginx.quote(folder))
os.exit(good and 0 or 1)
