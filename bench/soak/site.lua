-- SPDX-License-Identifier: MIT

--- The code of bench/soak's nginx: applications whose tokens are in a shared dict, over a file store and over Redis.
-- @module bench.soak.site

local ngx = ngx -- luacheck: globals ngx
local lofty = require "lofty"
local mix = require "bench.soak.mix"

local site = {}

local counts = ngx.shared.counts
local function count(what) counts:incr(what, 1, 0) end

local function append(path, ...)
  local file = assert(io.open(path, "a"))
  file:write(...)
  file:close()
end

--- Makes the applications and clients; runs in the init phase.
-- @tparam string folder
-- @tparam string name of the task in it
function site.open(folder, name)
  local task = dofile(folder .. "/" .. name .. ".lua")
  site.folder, site.users = folder, {}
  for _, part in ipairs(task.parts) do
    local place, opt = part.place, mix.options(task, count)
    local backing = place.redis and lofty.store.redis { url = place.redis } or lofty.store.file { path = place.path }
    for key, value in pairs(place) do
      if key ~= "path" and key ~= "redis" then opt[key] = value end
    end
    opt.store = lofty.store.shdict { dict = part.dict, backing = backing }
    local app = lofty.app(opt)
    for _, account in ipairs(part.accounts) do
      site.users[#site.users + 1] = {
        crm = app:client(account), random = math.random, count = count,
        unique = function() return name .. "-" .. counts:incr("unique", 1, 0) end,
        note = function(content, outcome) append(folder .. "/" .. name .. ".ledger", account, " ", content, " ", outcome, "\n") end,
        odd = function(text) append(folder .. "/odd", name, ": ", text, "\n") end,
      }
    end
  end
  site.hook = mix.hook(count)
end

--- Ends LuaJIT's compiler in the first worker process, and writes down which one that is; runs in the init_worker phase.
function site.start_worker()
  if ngx.worker.id() ~= 0 then return end
  jit.off() -- luacheck: globals jit
  jit.flush()
  local file = assert(io.open(site.folder .. "/worker-without-jit", "w"))
  file:write(ngx.worker.pid())
  file:close()
end

--- One step of the user that the request names.
function site.step()
  mix.step(site.users[tonumber(ngx.var.arg_user)])
  ngx.say "ok"
end

--- What was counted, as processes write it.
function site.counts()
  for _, what in ipairs(counts:get_keys(0)) do
    if what ~= "unique" then ngx.say(counts:get(what), " ", what) end
  end
end

return site
