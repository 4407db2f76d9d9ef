-- SPDX-License-Identifier: MIT

--- Makes stores for spec/contracts/store.lua, under busted and inside nginx.
-- @module spec.support.store_fixtures

local count = 0

-- A name for a store, unique in this run.
local function fresh()
  count = count + 1
  return "store" .. count
end

-- A fixture whose stores are `make(options())`; `another` makes a store with the same options.
local function new_fixture(rest, make, options)
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

local fixtures = {}

-- The clock of the memory and the file store.
local now = 1000
local function clock() return now end
local function tick() now = now + 0.03 end

function fixtures.memory()
  local memory = require "lofty.store.memory"
  local one = { rest = tick, new = function() return memory { now = clock } end }
  one.another = function(store) return store end -- it has no other place for its values
  return one
end

function fixtures.file(folder)
  local file = require "lofty.store.file"
  return new_fixture(tick, file, function(name) return { path = folder .. "/" .. name, now = clock } end)
end

-- Redis's clock runs by itself.
local function no_rest() end

-- The prefix has the special characters of Redis's patterns.
function fixtures.redis(url, rest)
  local redis = require "lofty.store.redis"
  local one = new_fixture(rest or no_rest, redis, function(name)
    return { url = url, timeout = 30, prefix = name .. "[*]?\\:" }
  end)
  one.many = 1200 -- needs more than one SCAN
  return one
end

function fixtures.shdict(dict, rest)
  local shdict = require "lofty.store.shdict"
  return new_fixture(rest, shdict, function(name) return { dict = dict, prefix = name .. ":" } end)
end

-- A shared dictionary with a backing store; `another` makes new objects for both, as another process does.
function fixtures.shdict_over(dict, inner, rest)
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

--- Runs every case; its result is "ok" or the error.
-- @tparam {table,...} cases of spec.contracts.store
-- @tparam table one the fixture
-- @treturn {string,...}
function fixtures.results(cases, one)
  local results = {}
  for index, case in ipairs(cases) do
    local ok, why = pcall(case.run, one)
    results[index] = ok and "ok" or tostring(why)
  end
  return results
end

return fixtures
