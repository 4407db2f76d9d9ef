--- Where one account's token is kept between calls, and the lock round it.
--
-- A kept token answers `read(fresh)`, `write(token)`, `try_lock(owner, ttl)` and `unlock(owner)`; its field
-- `unsaved` is a token that could not be written yet. Two kinds: in this process alone, and in a store.
-- @module lofty.kept

local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local token = require "lofty.token"

local setmetatable, type = setmetatable, type

local kept = {}

local Memory = {}
Memory.__index = Memory

function Memory:read() return self.token end

function Memory:write(new)
  self.token = new
  return true
end

function Memory:try_lock(owner)
  if self.owner and self.owner ~= owner then return false end
  self.owner = owner
  return true
end

function Memory:unlock(owner)
  if self.owner == owner then self.owner = nil end
  return true
end

--- Keeps a token in this process alone.
-- @tparam[opt] table held the token to begin with
-- @treturn table
function kept.memory(held)
  return setmetatable({ token = held }, Memory)
end

local Stored = {}
Stored.__index = Stored

local function unreadable(self, why)
  return nil, errors.new {
    kind = "store", account = self.account, sent = false,
    message = "the token kept for account " .. self.account .. " can't be read: " .. why,
  }
end

-- The text of a store is the token's JSON, sealed when there is a key.
function Stored:decode(text)
  if self.seal_key then
    local plain, why = crypto.open(self.seal_key, text, self.key)
    if not plain then return unreadable(self, why .. " (is encryption_key the one it was written with?)") end
    text = plain
  end
  local fields, why = core.json_decode(text)
  if type(fields) ~= "table" then return unreadable(self, why or "it is no JSON object") end
  local held, err = token.wrap(fields)
  if not held then return unreadable(self, err.message) end
  return held
end

function Stored:encode(new)
  local text, why = core.json_encode(new)
  if not text then return unreadable(self, why) end
  if self.seal_key then return crypto.seal(self.seal_key, text, self.key) end
  return text
end

--- Reads the token: the one read last, unless `fresh` asks for what the store holds now.
-- A token that could not be saved outlives a fresh read, as long as nobody else wrote meanwhile: where the
-- server rotates refresh tokens, the stored one is dead.
-- @tparam[opt] boolean fresh past any cache
-- @treturn[1] table the token; nil alone: none is kept
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Stored:read(fresh)
  if self.token and not fresh then return self.token end
  local text, err = self.store:get(self.key, fresh)
  if err then return nil, err end
  if self.unsaved and text == self.text then return self.unsaved end
  if not text then
    self.token, self.text, self.unsaved = nil, nil, nil
    return nil
  end
  if text ~= self.text or self.unsaved then
    local held, why = self:decode(text)
    if not held then return nil, why end
    self.token, self.text, self.unsaved = held, text, nil
  end
  return self.token
end

--- Keeps a token. It serves this process even when the store fails.
-- @tparam table new the token
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Stored:write(new)
  self.token, self.unsaved = new, new
  local text, why = self:encode(new)
  if not text then return nil, why end
  local ok, err = self.store:put(self.key, text)
  if not ok then return nil, err end
  self.text, self.unsaved = text, nil
  return true
end

function Stored:try_lock(owner, ttl) return self.store:try_lock(self.key, owner, ttl) end

function Stored:unlock(owner) return self.store:unlock(self.key, owner) end

--- Keeps an account's token in a store.
-- @tparam table store
-- @tparam string key
-- @tparam string account
-- @tparam[opt] string seal_key 32 bytes: tokens are sealed with it, bound to their key
-- @treturn table
function kept.stored(store, key, account, seal_key)
  return setmetatable({ store = store, key = key, account = account, seal_key = seal_key }, Stored)
end

return kept
