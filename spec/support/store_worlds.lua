--- Makes stores for spec/contracts/store.lua, under busted and inside nginx.
-- @module spec.support.store_worlds

local count = 0

-- A name for one store of this run.
local function fresh()
  count = count + 1
  return "world" .. count
end

-- A world whose stores `make(options)` makes; another one has the same options.
local function world(rest, make, options)
  local made = {}
  return {
    rest = rest,
    new = function()
      local opt = options(fresh())
      local store = make(opt)
      made[store] = opt
      return store
    end,
    another = function(store)
      local opt = made[store]
      local other = make(opt)
      made[other] = opt
      return other
    end,
  }
end

local worlds = {}

-- The clock of stores that take one.
local now = 1000
local function clock() return now end
local function tick() now = now + 0.03 end

function worlds.memory()
  local memory = require "lofty.store.memory"
  local one = { rest = tick, new = function() return memory { now = clock } end }
  one.another = function(store) return store end -- its values live in itself
  return one
end

function worlds.file(folder)
  local file = require "lofty.store.file"
  return world(tick, file, function(name) return { path = folder .. "/" .. name, now = clock } end)
end

-- The prefix has the special characters of Redis's patterns.
function worlds.redis(url, rest)
  local redis = require "lofty.store.redis"
  local one = world(rest or function() os.execute("sleep 0.01") end, redis, function(name)
    return { url = url, prefix = name .. "[*]?\\:" }
  end)
  one.many = 1200 -- more than one answer to SCAN
  return one
end

function worlds.shdict(dict, rest)
  local shdict = require "lofty.store.shdict"
  return world(rest, shdict, function(name) return { dict = dict, prefix = name .. ":" } end)
end

-- A dictionary over another store; each of two processes has its own object for both.
function worlds.shdict_over(dict, inner, rest)
  local shdict = require "lofty.store.shdict"
  local one, options_of = {}, {}
  function one.rest()
    inner.rest() -- for locks, which are the backing store's
    rest() -- for budgets, which are the dictionary's
  end
  function one.new()
    local under = inner.new()
    local opt = { dict = dict, prefix = fresh() .. ":", backing = under }
    local store = shdict(opt)
    options_of[store] = opt
    return store
  end
  function one.another(store)
    local opt = options_of[store]
    local other = shdict { dict = dict, prefix = opt.prefix, backing = inner.another(opt.backing) }
    options_of[other] = opt
    return other
  end
  return one
end

--- Runs every case; the verdict of each is "ok" or what was wrong.
-- @tparam {table,...} cases of spec.contracts.store
-- @tparam table one a world
-- @treturn {string,...}
function worlds.verdicts(cases, one)
  local verdicts = {}
  for index, case in ipairs(cases) do
    local ok, why = pcall(case.run, one)
    verdicts[index] = ok and "ok" or tostring(why)
  end
  return verdicts
end

return worlds
