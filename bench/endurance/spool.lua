-- SPDX-License-Identifier: MIT

-- Kills a process that receives webhook deliveries into a spool, 200 times with kill -9 at moments that differ, and
-- checks that every event of a delivery that was answered 200 was handled.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/spool.lua [rounds]

local lofty = require "lofty"

-- The process that is killed: answers deliveries, notes each id once it was answered or handled.
local function receive(folder, first, last)
  local function note(name, id)
    local file = assert(io.open(folder .. "/" .. name, "a"))
    file:write(id, "\n")
    file:close()
  end
  local spool = lofty.spool.file { path = folder .. "/spool" }
  local respond = lofty.webhook.handler {
    secret = "s", spool = spool, on_event = function(event) note("handled", tostring(event.leadId)) end,
  }
  for id = first, last do
    local status = respond {
      method = "POST", path = "/s", headers = {}, body = '{"listId":2,"newLead":[{"leadId":' .. id .. "}]}",
    }
    if status == 200 then note("answered", id) end
    if id % 3 == 0 then lofty.assert(spool:run(0)) end
  end
  lofty.assert(spool:run())
end

if arg[1] == "child" then
  receive(arg[2], tonumber(arg[3]), tonumber(arg[4]))
  return
end

package.path = "./?.lua;" .. package.path
local kill_after = require "bench.endurance.kill_after"
local nginx = require "lofty.sandbox.nginx"

local rounds, lua = tonumber(arg[1]) or 200, arg[-1] or "lua"
local folder = nginx.shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-spool.XXXXXX"'
local CHILD = "%s bench/endurance/spool.lua child %s %d %d"
for round = 1, rounds do
  kill_after(CHILD:format(lua, folder, round * 1000000, round * 1000000 + 999999), 80 + round * 7 % 170)
end
nginx.shell(CHILD:format(lua, folder, 1, 1))

local handled, times = {}, 0
for id in io.lines(folder .. "/handled") do
  handled[id], times = true, times + 1
end
local answered, lost = 0, 0
for id in io.lines(folder .. "/answered") do
  answered = answered + 1
  if not handled[id] then lost = lost + 1 end
end
nginx.shell("rm -rf " .. folder)
print(("%d kills: %d deliveries answered 200, %d lost; %d events handled"):format(rounds, answered, lost, times))
os.exit(lost == 0 and 0 or 1)
