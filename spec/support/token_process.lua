-- SPDX-License-Identifier: MIT

-- One process of spec/support/token_processes.lua: reports that it is ready, waits for "go", makes its calls, and prints the
-- results.
local lofty = require "lofty"
local runtime = require "lofty.runtime.curl"

local folder = arg[1]
package.path = "./?.lua;" .. package.path
local task = dofile(folder .. "/task.lua")
local _, app = require("spec.support.token_processes").open(task.place)

local list, clients = {}, {}
for _ = 1, task.calls or 1 do
  for _, account in ipairs(task.accounts) do
    list[#list + 1] = account
    clients[account] = clients[account] or app:client(account)
  end
end

assert(io.open(folder .. "/" .. arg[2] .. ".ready", "w")):close()
if io.read() ~= "go" then os.exit(1) end

local refreshes = 0
local began = runtime:monotonic()
local results, failures = lofty.map(list, function(account)
  local crm = task.clients == "each" and app:client(account, { on_refresh = function() refreshes = refreshes + 1 end })
    or clients[account]
  local me, err = crm:me()
  if me and tostring(me.id) ~= account then return nil, "another account's: " .. tostring(me.id) end
  return me, err
end, { concurrency = task.coroutines })
local seconds = runtime:monotonic() - began

local done, failed, problem = 0, 0, ""
for i = 1, #list do
  if results[i] then
    done = done + 1
  else
    failed = failed + 1
    problem = tostring(failures[i])
  end
end
for _, crm in pairs(clients) do refreshes = refreshes + crm:stats().refreshes end
print(("done %d %d %d %.3f %s"):format(done, failed, refreshes, seconds, problem))
