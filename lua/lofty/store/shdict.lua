-- SPDX-License-Identifier: MIT

--- A store in nginx's shared memory, for all workers of one nginx; preferably with a persistent backing store.
--
-- Shared memory is lost when nginx restarts. With `backing`, a file or Redis store, values are written there first and
-- the dictionary is a cache for reads; locks and keys are the backing store's, budgets too where it has them.
--
-- Nothing here evicts a token when the dictionary is full: safe_add and safe_set fail instead, where set, add and an
-- incr that creates would evict. The dictionary counts its expiry times on the wall clock, which may be set; so locks
-- and budgets have their ends, on the monotonic clock, in names and values, and the expiry time of the dictionary only
-- removes old entries.
-- @module lofty.store.shdict

local contract = require "lofty.store.contract"
local errors = require "lofty.errors"
local file = require "lofty.file"
local misuse = require "lofty.internal.misuse"

local ipairs, rawget, setmetatable, tonumber, type = ipairs, rawget, setmetatable, tonumber, type
local format, match, rep, sub = string.format, string.match, string.rep, string.sub
local floor, max = math.floor, math.max
local sort = table.sort

local TOKEN, LOCK, BUDGET, TRIAL, TAKEOVER = "token:", "lock:", "budget:", "trial:", "takeover:"
-- Seconds that a deleted key is marked as deleted, so that a worker that read the old value from the backing store just
-- before cannot put it back into the dictionary.
local TOMBSTONE_TTL = 10
-- Seconds that the dictionary keeps locks and budgets after their end; more than a clock is usually set forward.
local KEEP = 86400
-- Seconds for which one worker alone may replace a lock whose time is over.
local TAKEOVER_TTL = 60
-- A lock with fewer seconds left is not deleted by unlock: between reading the owner and the delete another worker
-- could take the lock.
local UNLOCK_MARGIN = 1
-- The shortest wait that take() names.
local MIN_WAIT = 0.001

local Store = { __name = "lofty.store.shdict" }
Store.__index = Store

-- nil, err
local function failed(self, why)
  if why == "no memory" then why = "it is full: give it more room in the lua_shared_dict line of nginx.conf" end
  return nil, errors.new { kind = "store", message = format("shared dict %s: %s", self.name, why) }
end

local function mark_deleted(dict, name)
  if not dict:safe_set(name, false, TOMBSTONE_TTL) then dict:delete(name) end
end

--- Reads the value of a key.
-- @tparam string key
-- @tparam[opt] boolean fresh asks the backing store, past the dictionary
-- @treturn[1] string nil alone when the key is absent
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:get(key, fresh)
  contract.check_key(key)
  local dict, backing, name = self.dict, self.backing, self.prefix .. TOKEN .. key
  if not backing then
    local value, why = dict:get(name)
    if value == nil and why then return failed(self, why) end
    return value or nil
  end
  local value = not fresh and dict:get(name)
  if value then return value end
  local err
  value, err = backing:get(key, true)
  if err then return nil, err end
  if fresh then
    if not value then
      mark_deleted(dict, name)
    elseif not dict:safe_set(name, value) then
      dict:delete(name)
    end
  elseif value then
    dict:safe_add(name, value) -- not safe_set: another worker may have written meanwhile
  end
  return value
end

-- Whether the dictionary has room for one more `value`: it is added under another name and deleted again.
local function has_room(self, key, value)
  local dict, trial = self.dict, self.prefix .. TRIAL .. key
  local ok, why = dict:safe_add(trial, value, 1)
  if not ok and why ~= "exists" then return nil, why end
  dict:delete(trial)
  return true
end

-- safe_set frees an old value of another size before it looks for room, and when it finds none both values are lost.
-- So check first that there is space for the new value.
local function replace(self, name, key, value)
  local dict = self.dict
  local old = dict:get(name)
  if old and #old ~= #value then
    local room, why = has_room(self, key, value)
    if not room then return nil, why end
  end
  local ok, why = dict:safe_set(name, value)
  if not ok and old then dict:safe_set(name, old) end
  return ok, why
end

--- Replaces the value of a key; in the backing store first.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:put(key, value)
  contract.check_key(key)
  contract.check_value(value)
  local dict, backing, name = self.dict, self.backing, self.prefix .. TOKEN .. key
  if not backing then
    local ok, why = replace(self, name, key, value)
    if ok then return true end
    return failed(self, why)
  end
  local ok, err = backing:put(key, value)
  if not ok then
    dict:delete(name) -- the backing store may have the old value or the new
    return nil, err
  end
  if not dict:safe_set(name, value) then dict:delete(name) end
  return true
end

--- Makes sure that the next `put` of a key finds room, as far as the backing store can; without one, that the
-- dictionary has room now.
-- @tparam string key
-- @tparam number bytes the most that the value may have
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:reserve(key, bytes)
  contract.check_key(key)
  contract.check_size(bytes)
  local backing = self.backing
  if backing then
    if not backing.reserve then return true end
    local ok, err = backing:reserve(key, bytes)
    return ok, err
  end
  local ok, why = has_room(self, key, rep("x", bytes))
  if ok then return true end
  return failed(self, why)
end

--- Checks that the backing store can do all that it needs to.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:check()
  local backing = self.backing
  if not backing or not backing.check then return true end
  local ok, err = backing:check()
  return ok, err
end

--- Deletes a key; an absent one is not an error.
-- @tparam string key
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:delete(key)
  contract.check_key(key)
  local dict, backing, name = self.dict, self.backing, self.prefix .. TOKEN .. key
  if backing then
    local ok, err = backing:delete(key)
    if not ok then return nil, err end
    mark_deleted(dict, name)
  else
    dict:delete(name)
  end
  return true
end

--- Lists the keys that have a value, sorted.
-- Without a backing store, the dictionary is locked for all workers meanwhile.
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:keys()
  if self.backing then
    local list, err = self.backing:keys()
    return list, err
  end
  local start, list = self.prefix .. TOKEN, {}
  for _, name in ipairs(self.dict:get_keys(0)) do
    if sub(name, 1, #start) == start then list[#list + 1] = sub(name, #start + 1) end
  end
  sort(list)
  return list
end

-- A lock's value: its end, on the monotonic clock, and its owner.
local function lock_value(ends, owner)
  return format("%.3f %s", ends, owner)
end

local function read_lock(dict, name)
  local value = dict:get(name)
  if not value then return nil end
  local ends, owner = match(value, "^(%S+) (.*)$")
  return tonumber(ends), owner, value
end

--- Takes a key's lock, unless it is locked; never waits.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock ends
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  contract.check_seconds(ttl, "ttl")
  if self.backing then
    local locked, err = self.backing:try_lock(key, owner, ttl)
    return locked, err
  end
  local dict, name, now = self.dict, self.prefix .. LOCK .. key, self.now()
  local ends, _, value = read_lock(dict, name)
  if ends then
    if now < ends then return false end
    -- The dictionary has no compare-and-delete, so one worker alone may delete this lock, whose value is unique.
    local ok, why = dict:safe_add(self.prefix .. TAKEOVER .. key .. " " .. value, true, TAKEOVER_TTL)
    if why == "exists" then return false end
    if not ok then return failed(self, why) end
    dict:delete(name)
  end
  local ok, why = dict:safe_add(name, lock_value(now + ttl, owner), ttl + KEEP)
  if ok then return true end
  if why == "exists" then return false end
  return failed(self, why)
end

--- Frees a lock; one that is about to end is left to end (see UNLOCK_MARGIN).
-- @tparam string key
-- @tparam string owner as given to try_lock; another owner's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  contract.check_key(key)
  if self.backing then
    local freed, err = self.backing:unlock(key, owner)
    return freed, err
  end
  local dict, name, now = self.dict, self.prefix .. LOCK .. key, self.now()
  local ends, holder = read_lock(dict, name)
  if not ends or holder ~= owner or now >= ends then return false end
  if ends - now > UNLOCK_MARGIN then dict:delete(name) end
  return true
end

--- Counts one call of a budget. Windows of the same length follow each other, on the monotonic clock.
-- @tparam string key the budget's name
-- @tparam number limit calls in a window
-- @tparam number window seconds
-- @treturn[1] number 0: counted; more: not counted, ask again after so many seconds
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:take(key, limit, window)
  contract.check_key(key)
  contract.check_seconds(window, "window")
  local backing = self.backing
  if backing and backing.take then
    local seconds, err = backing:take(key, limit, window)
    return seconds, err
  end
  local dict, name, now = self.dict, self.prefix .. BUDGET .. key, self.now()
  local number = floor(now / window)
  local counter = format("%s %.17g %.0f", name, window, number)
  local added, why = dict:safe_add(counter, 0, window + KEEP)
  if added then
    -- The first call of a window deletes the counter of the last one that was used.
    local last = dict:get(name)
    if last then dict:delete(last) end
    dict:safe_set(name, counter, window + KEEP)
  elseif why ~= "exists" then
    return failed(self, why)
  end
  local count
  count, why = dict:incr(counter, 1)
  if not count then return failed(self, why) end
  if count <= limit then return 0 end
  return max(MIN_WAIT, (number + 1) * window - now)
end

local OPTIONS = { dict = true, prefix = true, backing = true, now = true }

--- Makes a store; in init_by_lua, too.
--     shdict{
--       dict = "lofty",       -- required; as in `lua_shared_dict lofty 10m;`
--       backing = store,      -- a file or Redis store, where values outlive a restart of nginx
--       prefix = "lofty:",    -- what its names in the dictionary begin with
--       now = clock,          -- the monotonic clock of its locks and budgets, for specs
--     }
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.shdict", opt, OPTIONS)
  local ngx = rawget(_G, "ngx")
  if type(ngx) ~= "table" or not ngx.shared then
    misuse("lofty.store.shdict: shared memory exists in nginx only; use lofty.store.file in a script")
  end
  local name, backing, prefix = opt.dict, opt.backing, opt.prefix or "lofty:"
  if type(name) ~= "string" then misuse("lofty.store.shdict: dict must be the name of a lua_shared_dict") end
  if type(prefix) ~= "string" then misuse("lofty.store.shdict: prefix must be a string") end
  local dict = ngx.shared[name]
  if not dict then
    misuse(format("lofty.store.shdict: nginx.conf has no lua_shared_dict %s (lua_shared_dict %s 10m;)", name, name))
  end
  if backing ~= nil then contract.check_store(backing, "lofty.store.shdict: backing") end
  return setmetatable({
    name = name, dict = dict, backing = backing, prefix = prefix, now = opt.now or file.monotonic,
  }, Store)
end
