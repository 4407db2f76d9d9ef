-- SPDX-License-Identifier: MIT

--- The code of one worker of spec/support/token_workers.lua. Runs inside nginx.
-- @module spec.support.token_worker

local ngx = ngx -- luacheck: globals ngx
local lofty = require "lofty"

local function open(place)
  local store = place.redis and lofty.store.redis { url = place.redis, timeout = 30 } or lofty.store.file { path = place.path }
  if place.dict then store = lofty.store.shdict { dict = "tokens", backing = store } end
  local opt = { store = store }
  for name, value in pairs(place) do
    if name ~= "path" and name ~= "redis" and name ~= "dict" then opt[name] = value end
  end
  return lofty.app(opt)
end

--- Runs in the init phase, so that workers inherit the application and its clients, as in a real site.
-- @tparam string folder
return function(folder)
  local task = dofile(folder .. "/task.lua")
  local app = open(task.place)
  local list, clients = {}, {}
  for _ = 1, task.calls or 1 do
    for _, account in ipairs(task.accounts) do
      list[#list + 1] = account
      clients[account] = clients[account] or app:client(account)
    end
  end

  return function()
    local barrier = ngx.shared.barrier -- all workers start their calls together
    barrier:incr("ready", 1, 0)
    repeat ngx.sleep(0.001) until barrier:get("ready") == task.processes
    local refreshes, began = 0, ngx.now()
    local function count() refreshes = refreshes + 1 end
    local results, failures = lofty.map(list, function(account)
      local crm = task.clients == "each" and app:client(account, { on_refresh = count }) or clients[account]
      return crm:me()
    end, { concurrency = task.coroutines })
    ngx.update_time()
    local seconds, done, failed, problem = ngx.now() - began, 0, 0, ""
    for i = 1, #list do
      if results[i] then
        done = done + 1
      else
        failed, problem = failed + 1, tostring(failures[i])
      end
    end
    for _, crm in pairs(clients) do refreshes = refreshes + crm:stats().refreshes end
    local name = folder .. "/" .. ngx.worker.id() + 1
    local file = assert(io.open(name, "w"))
    file:write(("done %d %d %d %.3f %s\n"):format(done, failed, refreshes, seconds, problem))
    file:close()
    os.rename(name, name .. ".done")
  end
end
