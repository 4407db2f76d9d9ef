--- Where one account's token is kept between calls, and the lock round it.
--
-- A kept token answers `read(fresh)`, `write(token)`, `hold(token)`, `try_lock(owner, ttl)` and `unlock(owner)`; its
-- field `unsaved` is a token that could not be written yet. Two kinds: in this process alone, and in a store.
-- @module lofty.oauth.token_cache

local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local token = require "lofty.token"

local pcall, select, setmetatable, tostring, type = pcall, select, setmetatable, tostring, type

local kept = {}

local Memory = {}
Memory.__index = Memory

function Memory:read() return self.token end

function Memory:write(new)
  self.token = new
  return true
end

Memory.hold = Memory.write

-- It frees itself after ttl too: a coroutine may be dropped in the middle.
function Memory:try_lock(owner, ttl)
  local now = self.runtime:monotonic()
  if self.owner and now < self.ends then return false end
  self.owner, self.ends = owner, now + ttl
  return true
end

function Memory:unlock(owner)
  if self.owner == owner then self.owner = nil end
  return true
end

--- Keeps a token in this process alone.
-- @tparam table runtime for the lock's clock
-- @tparam[opt] table held the token to begin with
-- @treturn table
function kept.memory(runtime, held)
  return setmetatable({ runtime = runtime, token = held }, Memory)
end

local Stored = {}
Stored.__index = Stored

-- A failure as our callers know it, whatever the store of a caller's own returned. A database's error may repeat the
-- statement, and the token in it: whoever hands the err out removes the token's secrets.
local function failure(self, err)
  if not errors.is(err) then
    local why = err == nil and "the store gave no reason" or tostring(err)
    err = errors.new { kind = "store", message = "the store failed: " .. why }
  end
  if err.sent == nil then err.sent = false end
  err.account = self.account
  return nil, err
end

-- A store that raises must not leave a lock behind either. (It never waits where Lua 5.1 cannot yield across pcall.)
local function ask(self, method, ...)
  local store = self.store
  local ok, value, err = pcall(store[method], store, self.key, ...)
  if not ok then return failure(self, value) end
  if value == nil and err ~= nil then return failure(self, err) end
  return value
end

local function unreadable(self, why)
  return failure(self, errors.new {
    kind = "store", message = "the token kept for account " .. self.account .. " can't be read: " .. why,
  })
end

-- The text of a store is the token's JSON, sealed when there is a key. One that stands there plain is not taken then:
-- whoever can write to the store could put his own in its place.
function Stored:decode(text)
  local fields, why
  if self.seal_key then
    local plain, closed = crypto.open(self.seal_key, text, self.key)
    if not plain then
      return unreadable(self, type(core.json_decode(text)) == "table"
        and "it is not sealed, and lofty.app has an encryption_key: seal it once, or connect the account again"
        or closed .. " (is encryption_key the one it was sealed with?)")
    end
    text = plain
  end
  fields, why = core.json_decode(text)
  if type(fields) ~= "table" then
    why = why or "it is no JSON object"
    if not self.seal_key then why = why .. " (if it is sealed, lofty.app needs its encryption_key)" end
    return unreadable(self, why)
  end
  local held, err = token.wrap(fields)
  if not held then return unreadable(self, err.message) end
  return held
end

function Stored:encode(new)
  local text, why = core.json_encode(new)
  if not text then
    return failure(self, errors.new { kind = "store", message = "the token can't be written as JSON: " .. why })
  end
  if self.seal_key then return crypto.seal(self.seal_key, text, self.key) end
  return text
end

--- Reads the token: the one read last, unless `fresh` asks for what the store holds now.
-- A token that could not be saved outlives a fresh read as long as the store holds the one that it replaced, be that
-- marked as revoked meanwhile: where the server rotates refresh tokens, the stored one is dead.
-- @tparam[opt] boolean fresh past any cache
-- @treturn[1] table the token; nil alone: none is kept
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Stored:read(fresh)
  if self.token and not fresh then return self.token end
  local text, err = ask(self, "get", fresh)
  if err then return nil, err end
  if not text then
    self.token, self.text, self.stands, self.unsaved = nil, nil, nil, nil
    return nil
  end
  if text ~= self.text then
    local held, why = self:decode(text)
    if not held then return nil, why end
    if not (self.unsaved and held.access_token == self.stands) then self.token, self.unsaved = held, nil end
    self.text, self.stands = text, held.access_token
  end
  return self.token
end

--- Keeps a token. It serves this process even when the store fails.
-- @tparam table new the token
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Stored:write(new)
  self:hold(new)
  local text, why = self:encode(new)
  if not text then return nil, why end
  local ok, err = ask(self, "put", text)
  if not ok then return nil, err or select(2, failure(self)) end
  self.text, self.stands, self.unsaved = text, new.access_token, nil
  return true
end

--- Keeps a token in this process, to be written later.
-- @tparam table new the token
function Stored:hold(new)
  self.token, self.unsaved = new, new
end

function Stored:try_lock(owner, ttl)
  local locked, err = ask(self, "try_lock", owner, ttl)
  return locked, err
end

function Stored:unlock(owner)
  local freed, err = ask(self, "unlock", owner)
  return freed, err
end

--- Forgets the token, in the store too.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Stored:delete()
  self.token, self.text, self.stands, self.unsaved = nil, nil, nil, nil
  local ok, err = ask(self, "delete")
  return ok, err
end

--- The keys under which a store holds tokens.
-- @tparam table store
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function kept.keys(store)
  local keys, err = ask({ store = store }, "keys")
  if not keys then return nil, err or select(2, failure({})) end
  return keys
end

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
