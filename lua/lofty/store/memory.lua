-- SPDX-License-Identifier: MIT

--- A store in the memory of this process: for specs, scripts and a first try. Also the shortest example of a store.
-- @module lofty.store.memory

local errors = require "lofty.errors"
local contract = require "lofty.store.contract"

local next, pairs, setmetatable = next, pairs, setmetatable
local sort = table.sort

local Store = { __name = "lofty.store.memory" }
Store.__index = Store

--- Reads the value of a key.
-- @tparam string key
-- @treturn string|nil nil when the key is absent
function Store:get(key)
  contract.check_key(key)
  return self.values[key]
end

--- Replaces the value of a key.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn boolean true
function Store:put(key, value)
  contract.check_key(key)
  contract.check_value(value)
  self.values[key] = value
  return true
end

--- Deletes a key; an absent one is not an error.
-- @tparam string key
-- @treturn boolean true
function Store:delete(key)
  contract.check_key(key)
  self.values[key] = nil
  return true
end

--- Lists the keys that have a value, sorted.
-- @treturn {string,...}
function Store:keys()
  local list = {}
  for key in pairs(self.values) do list[#list + 1] = key end
  sort(list)
  return list
end

-- Deletes the locks that have ended, so that their table does not grow.
local function sweep(self, now)
  for key, held in next, self.locks do
    if held.ends <= now then self.locks[key] = nil end
  end
end

--- Takes a key's lock, unless it is locked, also by the same owner.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock ends
-- @treturn boolean
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  local now = self.now()
  sweep(self, now)
  if self.locks[key] then return false end
  self.locks[key] = { owner = owner, ends = now + ttl }
  return true
end

--- Frees a lock.
-- @tparam string key
-- @tparam string owner as given to try_lock; another owner's lock stays
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
--     memory{ now = os.time }   -- the clock of its locks, in seconds, for specs
-- @tparam[opt] table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.memory", opt, OPTIONS)
  return setmetatable({ values = {}, locks = {}, now = opt.now or os.time }, Store)
end
