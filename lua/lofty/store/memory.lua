--- A store that lives and dies with this process: for specs, scripts and a first try.
--
-- It is also the shortest example of what a store is.
-- @module lofty.store.memory

local errors = require "lofty.errors"
local contract = require "lofty.store.contract"

local next, pairs, setmetatable = next, pairs, setmetatable
local sort = table.sort

local Store = { __name = "lofty.store.memory" }
Store.__index = Store

--- Reads what stands under a key.
-- @tparam string key
-- @treturn string|nil nil when nothing does
function Store:get(key)
  contract.check_key(key)
  return self.values[key]
end

--- Writes, in place of what stood there.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn boolean true
function Store:put(key, value)
  contract.check_key(key)
  contract.check_value(value)
  self.values[key] = value
  return true
end

--- Forgets a key; one that is absent is no error.
-- @tparam string key
-- @treturn boolean true
function Store:delete(key)
  contract.check_key(key)
  self.values[key] = nil
  return true
end

--- Lists the keys under which something stands, in order.
-- @treturn {string,...}
function Store:keys()
  local list = {}
  for key in pairs(self.values) do list[#list + 1] = key end
  sort(list)
  return list
end

-- Drops the locks whose time is over, so that their table does not grow.
local function sweep(self, now)
  for key, held in next, self.locks do
    if held.ends <= now then self.locks[key] = nil end
  end
end

--- Takes a key's lock, if nobody has it. Not re-entrant: the owner, too, gets it once.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock frees itself
-- @treturn boolean
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  local now = self.now()
  sweep(self, now)
  if self.locks[key] then return false end
  self.locks[key] = { owner = owner, ends = now + ttl }
  return true
end

--- Gives a lock back.
-- @tparam string key
-- @tparam string owner as at try_lock; another's lock stays
-- @treturn boolean whether the lock was the owner's
function Store:unlock(key, owner)
  contract.check_key(key)
  local held = self.locks[key]
  if not held or held.owner ~= owner then return false end
  self.locks[key] = nil
  return true
end

local OPTIONS = { now = true }

--- Makes a store.
--     memory{ now = os.time }   -- the clock of its locks, in seconds, so that specs can own time
-- @tparam[opt] table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.memory", opt, OPTIONS)
  return setmetatable({ values = {}, locks = {}, now = opt.now or os.time }, Store)
end
