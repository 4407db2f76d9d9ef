-- SPDX-License-Identifier: MIT

--- One account's token: cached in this process, and written to a store when there is one.
--
-- The cached token is in one of three states: "fresh" (use it), "stale" (still accepted by the server, but due for
-- refresh, or not written to the store yet), "invalid" (absent, expired, revoked, or rejected by the server).
-- @module lofty.oauth.token_cache

local call_store = require "lofty.internal.call_store"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local redact = require "lofty.internal.redact"
local times = require "lofty.oauth.times"
local token = require "lofty.token"

local getmetatable, ipairs, pairs, setmetatable, type =
  getmetatable, ipairs, pairs, setmetatable, type
local floor = math.floor

-- Bytes to reserve in a store for a token whose size is not known yet.
local ROOM = 4096

local token_cache = {}

local Cache = {}
Cache.__index = Cache

local function add_secrets(self, list)
  redact.add_token(list, self.token)
  redact.add_token(list, self.replaced)
end

-- nil and a copy of this err, for this account. A database's message may quote the statement with the token in it.
local function failure(self, err)
  local fields = {}
  for name, value in pairs(err) do fields[name] = value end
  fields.account = self.account
  if fields.sent == nil then fields.sent = false end
  local secrets = {}
  add_secrets(self, secrets)
  return nil, redact.err(errors.new(fields), secrets)
end

local function call(self, method, ...)
  local value, err = call_store(self.store, method, self.key, ...)
  if err then return failure(self, err) end
  return value
end

local function unreadable(self, why)
  return failure(self, errors.new {
    kind = "store", code = "unreadable",
    message = "the stored token " .. (self.account and "of account " .. self.account .. " " or "")
      .. "can't be read: " .. why,
  })
end

-- A store holds the token as JSON, sealed when there is an encryption key. Then a plain one is refused: anybody who can
-- write to the store could replace it with another token.
local function decode(self, text)
  local seal_key = self.seal_key and self.seal_key()
  if seal_key then
    local plain, problem = crypto.open(seal_key, text, self.key)
    if not plain then
      return unreadable(self, type(core.json_decode(text)) == "table"
        and "it is not sealed, and lofty.app has an encryption_key: seal it once, or connect the account again"
        or problem .. " (is encryption_key the one it was sealed with?)")
    end
    text = plain
  end
  local fields, why = core.json_decode(text)
  if type(fields) ~= "table" then
    why = why or "it is not a JSON object"
    if not seal_key then why = why .. " (if it is sealed, lofty.app needs its encryption_key)" end
    return unreadable(self, why)
  end
  local stored, err = token.wrap(fields)
  if not stored then return unreadable(self, err.message) end
  return stored
end

local function encode(self)
  local text, why = core.json_encode(self.token)
  if not text then
    return failure(self, errors.new { kind = "store", message = "the token can't be written as JSON: " .. why })
  end
  local seal_key = self.seal_key and self.seal_key()
  if seal_key then return crypto.seal(seal_key, text, self.key) end
  return text
end

-- Reads the store into the cache; with `fresh` past any cache of the store's own.
local function read_store(self, fresh)
  if not self.store then return true end
  local text, err = call(self, "get", fresh)
  if err then return nil, err end
  if not text then
    if not (self.initial and self.unsaved) then self.token, self.unsaved = self.initial, false end
    self.stored_text, self.stored_access_token = nil, nil
  elseif text ~= self.stored_text then
    local stored, why = decode(self, text)
    if not stored then return nil, why end
    -- An unsaved token stays while the store holds the one that it replaced, even if that was marked as revoked: where
    -- refresh tokens rotate, the stored one is of no use any more.
    if not (self.unsaved and stored.access_token == self.stored_access_token) then
      self.token, self.unsaved = stored, false
    end
    self.stored_text, self.stored_access_token = text, stored.access_token
  end
  return true
end

-- Writes the cached token.
local function write(self)
  if not self.store then return true end
  self.unsaved = true
  local text, err = encode(self)
  if not text then return nil, err end
  local ok, why = call(self, "put", text)
  if not ok then return nil, why end
  self.stored_text, self.stored_access_token, self.unsaved = text, self.token.access_token, false
  return true
end

-- Writes the cached token, trying for a moment: there may be no other copy of it.
local function save(self)
  local runtime = self.runtime
  local ends, wait = runtime:monotonic() + times.write, times.first_write_retry
  local saved, err = write(self)
  while not saved and runtime:monotonic() + wait < ends do
    runtime:sleep(wait)
    wait = 2 * wait
    saved, err = write(self)
  end
  return saved, err
end

--- The state of the cached token itself, whether it has been written or not.
-- @tparam ?string rejected an access token that the server has refused
-- @treturn string "fresh", "stale" or "invalid"
function Cache:token_state(rejected)
  local cached = self.token
  if not cached or cached.access_token == rejected then return "invalid" end
  return cached:state(self.runtime:now())
end

-- The state for callers: an unsaved token counts as stale.
local function state(self, rejected)
  local own = self:token_state(rejected)
  return own == "fresh" and self.unsaved and "stale" or own
end

--- The cached token and its state; read from the store when nothing is cached.
-- @tparam ?string rejected an access token that the server has refused
-- @treturn[1] ?table the token
-- @treturn[1] string "fresh", "stale" or "invalid"
-- @treturn[2] nil
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:get(rejected)
  if not self.token then
    local ok, err = read_store(self)
    if not ok then return nil, nil, err end
  end
  return self.token, state(self, rejected)
end

--- The token that the store holds now, past any cache, and the state of the token itself.
-- @tparam ?string rejected an access token that the server has refused
-- @tparam[opt] boolean is_locked this process holds the lock: a token that is not written yet is written
-- @return as `get`
function Cache:reload(rejected, is_locked)
  local ok, err = read_store(self, true)
  if not ok then return nil, nil, err end
  if is_locked and self.unsaved then write(self) end
  return self.token, self:token_state(rejected)
end

--- Makes sure, as far as the store can, that a new token can be written. Where refresh tokens rotate, a granted token
-- that can't be written may be lost.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:reserve()
  if not self.store or not self.store.reserve then return true end
  local ok, err = call(self, "reserve", ROOM + 2 * #(self.stored_text or ""))
  return ok, err
end

--- Calls the store's `check`, if it has one: whether it can do all operations that are needed.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:check()
  if not self.store or not self.store.check then return true end
  local ok, err = call(self, "check")
  return ok, err
end

--- Caches and writes the token that follows the cached one. It serves this process even when the store fails.
-- After the end of the lease another process may have refreshed: then it is written only over the token that was read.
-- @tparam table new the token
-- @tparam[opt] table held the lease, see `lofty.oauth.lease`
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:replace(new, held)
  local old = self.token
  self.token, self.replaced, self.unsaved = new, old, self.store ~= nil
  if held and old and self.runtime:monotonic() >= held.ends then
    local ok, err = read_store(self, true)
    if not ok then return nil, err end
    if self.token ~= new then
      return failure(self, errors.new {
        kind = "store", message = "the lock expired, and another process has replaced or deleted the stored token: "
          .. "the new token is not stored",
      })
    end
  end
  local saved, err = save(self)
  return saved, err
end

--- Handles invalid_grant from the token endpoint: returns the token of another process that has refreshed meanwhile;
-- if there is none, the refusal is final, and the stored token is marked as revoked.
-- @tparam table old the token whose refresh token was refused
-- @tparam ?string rejected an access token that the server has refused
-- @tparam table err the token endpoint's error
-- @treturn[1] table another process's token
-- @treturn[2] nil
-- @treturn[2] table err
function Cache:confirm_revoked(old, rejected, err)
  local ok, why = read_store(self, true)
  if not ok then return nil, why end
  local current = self.token
  if current and current.access_token ~= old.access_token then
    if self:token_state(rejected) == "fresh" then return current end
    return nil, errors.new {
      kind = "oauth", code = err.code, status = err.status, account = self.account, retryable = true, sent = true,
      message = "another process has refreshed this token meanwhile: try again",
    }
  end
  if current then
    local marked = {}
    for name, value in pairs(current) do marked[name] = value end
    marked.revoked_at = floor(self.runtime:now())
    self.token = setmetatable(marked, getmetatable(current))
    save(self)
  end
  err.account = self.account
  return nil, err
end

--- Adds the tokens that no err may show: the cached one and its predecessor.
-- @tparam table list
Cache.add_secrets = add_secrets

--- Copies the state of another cache of the same key.
-- @tparam table other
function Cache:adopt(other)
  self.token, self.unsaved, self.replaced = other.token, other.unsaved, other.replaced
  self.stored_text, self.stored_access_token = other.stored_text, other.stored_access_token
end

--- Deletes the token, in the store too.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:delete()
  self.token, self.unsaved, self.stored_text, self.stored_access_token = nil, false, nil, nil
  local ok, err = call(self, "delete")
  return ok, err
end

--- Takes the token's lock in the store, see `lofty.store.contract`.
function Cache:try_lock(owner, ttl)
  local locked, err = call(self, "try_lock", owner, ttl)
  return locked, err
end

--- Releases the token's lock.
function Cache:unlock(owner)
  local freed, err = call(self, "unlock", owner)
  return freed, err
end

--- Tells whether the store holds anything for this account, readable or not.
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Cache:is_stored()
  local text, err = call(self, "get", true)
  if err then return nil, err end
  return text ~= nil
end

--- The key of an account's token. Both parts are percent-encoded, so that no two pairs have the same key.
-- @tparam string client_id
-- @tparam string account
-- @treturn string
function token_cache.key(client_id, account)
  return core.percent_encode(client_id) .. "/" .. core.percent_encode(account)
end

--- The accounts of an application among a store's keys.
-- @tparam table store
-- @tparam string client_id
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function token_cache.accounts(store, client_id)
  local keys, err = call_store(store, "keys")
  if not keys then return failure({}, err) end
  local prefix, list = core.percent_encode(client_id) .. "/", {}
  for _, key in ipairs(keys) do
    local account = key:sub(1, #prefix) == prefix and key:sub(#prefix + 1)
    if account and account ~= "" and not account:find("/", 1, true) then
      list[#list + 1] = core.percent_decode(account)
    end
  end
  return list
end

--- Makes a cache.
-- @tparam table opt `runtime`; `token` (to begin with; one that the store holds wins); `store`, `key`, `account`,
--   `seal_key` (a function that returns the 32 bytes with which tokens are sealed, bound to their key)
-- @treturn table
function token_cache.new(opt)
  return setmetatable({
    runtime = opt.runtime, store = opt.store, key = opt.key or "", account = opt.account, seal_key = opt.seal_key,
    initial = opt.token, token = not opt.store and opt.token or nil, unsaved = false,
  }, Cache)
end

return token_cache
