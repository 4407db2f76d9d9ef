-- SPDX-License-Identifier: MIT

-- Kills a process that refreshes a token in a loop, 500 times with kill -9, and checks each time what is in its file
-- store. Without rotation every token must be usable. With rotation a kill between the server's response and its first
-- write loses the token: this counts how many, among refreshes that follow one another without a pause.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/kill.lua [rounds]

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local curl = require "lofty.runtime.curl"
local token_processes = require "spec.support.token_processes"

-- The libcurl runtime with a clock that can be set ahead, so that each call finds its token expired.
local function runtime_of()
  local offset, runtime = 0, setmetatable({}, { __index = curl })
  function runtime.now() return curl:now() + offset end
  return runtime, function(seconds) offset = seconds end
end

if arg[1] == "child" then
  local task = dofile(arg[2])
  local runtime, set = runtime_of()
  local _, app = token_processes.open(task.place, { runtime = runtime })
  local crm = app:client(task.account)
  local ahead = tonumber(arg[3])
  while true do
    ahead = ahead + 4000
    set(ahead)
    lofty.assert(crm:me())
  end
end

local kill_after = require "bench.endurance.kill_after"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local rounds = tonumber(arg[1]) or 500
local lua = arg[-1] or "lua"
local folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-kill.XXXXXX"')

-- A process whose account is lost ends by itself; its message on stderr is not used here.
local CHILD = "%s bench/endurance/kill.lua child %s %d 2>>%s/errors"

local function connect(app, box)
  local url, state = app:authorize_url()
  return (lofty.assert(app:connect(box:consent(url, { account = box.account }), { state = state })))
end

local function run(rotation)
  local box = sandbox.start { refresh_rotation = rotation, rate_limit = 100000000, journal = false }
  local path = folder .. (rotation and "/rotating" or "/plain")
  local place = token_processes.place(box, { path = path })
  local ahead = 0
  local runtime, set = runtime_of()
  local _, app = token_processes.open(place, { runtime = runtime })
  local account = connect(app, box)
  token_processes.write_task(path .. ".lua", place, { account = account })

  local store = lofty.store.file { path = path }
  local key = box.client_id .. "/" .. account
  local seen = { broken = 0, lost = 0, drafts = 0, locked = 0 }
  math.randomseed(os.time())
  for _ = 1, rounds do
    kill_after(CHILD:format(lua, path .. ".lua", ahead, folder), math.random(15, 75))
    -- A kill leaves a complete token, an unlocked lock and at most a draft.
    seen.drafts = seen.drafts + tonumber(nginx.shell("ls -A " .. path .. " | grep -c new$"))
    local text = store:get(key, true)
    local fields = text and lofty.json.decode(text)
    if not fields or not fields.access_token or not fields.refresh_token then seen.broken = seen.broken + 1 end
    if store:try_lock(key, "look", 60) then store:unlock(key, "look") else seen.locked = seen.locked + 1 end
    -- A token is usable when a refresh with it succeeds.
    ahead = ahead + 10000000 -- later than any time of the killed process
    set(ahead)
    local me, err = app:client(account):me()
    if not me then
      seen.lost = seen.lost + 1
      if seen.lost == 1 then print("  the first loss: " .. tostring(err)) end
      connect(app, box)
    end
  end
  local grants = box:control("counters", {}).grants.refresh_token
  box:stop()
  local left = tonumber(nginx.shell("ls -A " .. path .. " | wc -l"))
  print(("rotation %s: %d kills, %d refreshes; tokens not whole: %d, locks left: %d, accounts lost: %d; "
    .. "drafts met: %d, files at the end: %d"):format(rotation and "on " or "off", rounds, grants, seen.broken,
    seen.locked, seen.lost, seen.drafts, left))
  return seen.broken == 0 and seen.locked == 0 and (rotation or seen.lost == 0)
end

local good = run(false)
good = run(true) and good
nginx.shell("rm -rf " .. folder)
os.exit(good and 0 or 1)
