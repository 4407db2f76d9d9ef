--- A store in nginx's shared memory, for all workers of one nginx; best with a lasting store behind it.
--
-- Shared memory forgets everything when nginx restarts. With `backing`, a file or Redis store, writes go there first
-- and the dictionary answers the reads; locks, budgets and lists are then behind's.
-- Nothing here may drop a living token for want of room: safe_add and safe_set fail instead, where set, add and an
-- incr that creates would evict. And safe_set over a value of another size asks first whether there is room.
-- @module lofty.store.shdict

local errors = require "lofty.errors"
local contract = require "lofty.store.contract"

local error, ipairs, rawget, setmetatable, type = error, ipairs, rawget, setmetatable, type
local format, rep = string.format, string.rep
local max = math.max
local sort = table.sort

local TOKEN, LOCK, BUDGET, TRIAL = "token:", "lock:", "budget:", "trial:"
-- A deleted key is kept as one for so many seconds, so that a reader who asked behind just before cannot bring the
-- token back.
local GRAVE = 10
-- A lock this near its end is left to end by itself: between our look at its owner and a delete it could become
-- another's.
local LATE = 1
-- Least wait named by a budget that is used up.
local LEAST = 0.001

local Store = { __name = "lofty.store.shdict" }
Store.__index = Store

local function failed(self, why)
  if why == "no memory" then why = "it is full: give it more room where lua_shared_dict names it" end
  return nil, errors.new { kind = "store", message = format("shared dict %s: %s", self.name, why) }
end

local function bury(dict, name)
  if not dict:safe_set(name, false, GRAVE) then dict:delete(name) end
end

--- Reads what stands under a key.
-- @tparam string key
-- @tparam[opt] boolean fresh asks the store behind, past the dictionary
-- @treturn[1] string nil alone when nothing does
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
      bury(dict, name)
    elseif not dict:safe_set(name, value) then
      dict:delete(name)
    end
  elseif value then
    dict:safe_add(name, value) -- not over what somebody wrote meanwhile
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
-- So room for the new value is made sure of first.
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

--- Writes, in place of what stood there; behind first.
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
    dict:delete(name) -- nobody knows what behind has now
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

--- Forgets a key; one that is absent is no error.
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
    bury(dict, name)
  else
    dict:delete(name)
  end
  return true
end

--- Lists the keys under which something stands, in order.
-- Without a store behind, the dictionary stands still for all workers meanwhile.
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
    if name:sub(1, #start) == start then list[#list + 1] = name:sub(#start + 1) end
  end
  sort(list)
  return list
end

--- Takes a key's lock, if nobody has it; never waits.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock frees itself
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  if self.backing then
    local locked, err = self.backing:try_lock(key, owner, ttl)
    return locked, err
  end
  local ok, why = self.dict:safe_add(self.prefix .. LOCK .. key, owner, ttl)
  if ok then return true end
  if why == "exists" then return false end
  return failed(self, why)
end

--- Gives a lock back. Shared memory has no compare-and-delete, so one that is about to end is left to do so.
-- @tparam string key
-- @tparam string owner as at try_lock; another's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  contract.check_key(key)
  if self.backing then
    local freed, err = self.backing:unlock(key, owner)
    return freed, err
  end
  local dict, name = self.dict, self.prefix .. LOCK .. key
  if dict:get(name) ~= owner then return false end
  local left = dict:ttl(name)
  if left and left > LATE then dict:delete(name) end
  return true
end

--- Counts one call of a budget, or says how long to wait.
-- The window begins with the first call in it.
-- @tparam string key whose budget
-- @tparam number limit calls in a window
-- @tparam number window seconds
-- @treturn[1] number 0: counted; more: not, ask again after so many seconds
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:take(key, limit, window)
  contract.check_key(key)
  local backing = self.backing
  if backing and backing.take then
    local seconds, err = backing:take(key, limit, window)
    return seconds, err
  end
  local dict, name = self.dict, self.prefix .. BUDGET .. key
  local count, why
  for _ = 1, 2 do -- the window may end between the two steps
    local ok
    ok, why = dict:safe_add(name, 0, window)
    if not ok and why ~= "exists" then return failed(self, why) end
    count, why = dict:incr(name, 1)
    if count then break end
  end
  if not count then return failed(self, why) end
  if count <= limit then return 0 end
  return max(LEAST, dict:ttl(name) or 0)
end

local OPTIONS = { dict = true, prefix = true, backing = true }

--- Makes a store; in init_by_lua, too.
--     shdict{
--       dict = "lofty",       -- required; as in `lua_shared_dict lofty 10m;`
--       backing = store,       -- a file or Redis store that lasts
--       prefix = "lofty:",    -- what its keys in the dictionary begin with
--     }
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.shdict", opt, OPTIONS)
  local ngx = rawget(_G, "ngx")
  if type(ngx) ~= "table" or not ngx.shared then
    error("lofty.store.shdict: shared memory exists inside nginx alone; a script takes lofty.store.file", 2)
  end
  local name, backing, prefix = opt.dict, opt.backing, opt.prefix or "lofty:"
  if type(name) ~= "string" then error("lofty.store.shdict: dict must be the name of a lua_shared_dict", 2) end
  if type(prefix) ~= "string" then error("lofty.store.shdict: prefix must be a string", 2) end
  local dict = ngx.shared[name]
  if not dict then
    error(format("lofty.store.shdict: nginx.conf has no lua_shared_dict %s (lua_shared_dict %s 10m;)", name, name), 2)
  end
  if backing ~= nil then contract.check_store(backing, "lofty.store.shdict: backing") end
  return setmetatable({ name = name, dict = dict, backing = backing, prefix = prefix }, Store)
end
