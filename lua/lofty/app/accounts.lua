--- What an application does to the tokens that it keeps: under each account's lock.
-- @module lofty.app.accounts

local client = require "lofty.client"
local core = require "lofty.core"
local errors = require "lofty.errors"
local kept = require "lofty.oauth.token_cache"
local redact = require "lofty.internal.redact"
local lock = require "lofty.oauth.lease"
local source = require "lofty.oauth.source"

local ipairs, type = ipairs, type
local find, sort = string.find, table.sort

local accounts = {}

-- Takes an account's lock, does one thing to its token, and gives the lock back. After the lock's time nobody writes
-- who held it, so `regardless` of a holder that does not end nothing is lost.
local function locked(self, account, regardless, act, ...)
  local runtime, where, owner = self.runtime, self.kept_for(account), lock.owner()
  local grant_timeout = self.settings.timeout.total
  local held, err = lock.take(runtime, where, owner, source.ttl(grant_timeout), source.wait(grant_timeout))
  if not held and not (regardless and err.retryable) then
    err.account = account
    return nil, err
  end
  runtime:holding(true)
  local ok, why = act(runtime, where, ...)
  if held then where:unlock(owner) end
  runtime:holding(false)
  return ok, why
end

-- The account that a token belongs to: who authorized is who /v1.0/me says, never what the callback's query claims.
-- Nothing renews the token here, or the new one would be lost.
local function whose(self, fresh)
  local asking = client.new {
    source = source.static(fresh), settings = self.settings, limiter = self.limiter,
  }
  local me, err = asking:me()
  if not me then return nil, err end
  local id = type(me) == "table" and me.id
  local account = type(id) == "string" and id or type(id) == "number" and core.number_text(id)
  if not account or account == "" then
    return nil, errors.new {
      kind = "decode", sent = true, operation = "me", message = "/v1.0/me answered without an id",
    }
  end
  return account
end

--- Exchanges a code, asks whose token it is, and keeps it.
-- @tparam table self the application
-- @tparam table fields of the grant
-- @treturn[1] string account
-- @treturn[1] table token
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.connect(self, fields)
  -- A store that is away is noticed before the code, which serves once, is spent.
  local _, away = self.kept_for("-"):read(true)
  if away then
    away.account = nil
    return nil, away
  end
  local fresh, err = self.grant(fields)
  if not fresh then
    err.operation = "connect"
    return nil, err
  end
  local account, why = whose(self, fresh)
  local ok = account
  if account then
    fresh.account = account
    ok, why = locked(self, account, true, source.save, fresh)
  end
  if ok then return account, fresh end
  local secrets = { fields.code }
  redact.add_token(secrets, fresh)
  redact.err(why, secrets)
  local hook = self.settings.on_refresh
  if hook then hook(fresh, why) end
  return nil, why
end

local function delete(_, where)
  local ok, err = where:delete()
  return ok, err
end

--- Takes an account's token out of the store.
-- @tparam table self the application
-- @tparam string account
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.forget(self, account)
  local ok, err = locked(self, account, false, delete)
  return ok, err
end

--- The accounts of this application that are in the store, sorted.
-- @tparam table self the application
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.list(self)
  local keys, err = kept.keys(self.store)
  if not keys then return nil, err end
  local prefix, list = self.client_id .. "/", {}
  for _, key in ipairs(keys) do
    -- An account has no "/": that is another application's, whose client_id begins as ours.
    local account = key:sub(1, #prefix) == prefix and key:sub(#prefix + 1)
    if account and not find(account, "/", 1, true) then list[#list + 1] = account end
  end
  sort(list)
  return list
end

return accounts
