-- SPDX-License-Identifier: MIT

--- What an application does to the tokens in its store: connect an account, forget one, list them.
-- @module lofty.app.accounts

local client = require "lofty.client"
local lazy = require "lofty.internal.lazy"
local lease = require "lofty.oauth.lease"
local redact = require "lofty.internal.redact"
local singleflight = require "lofty.oauth.singleflight"
local static_source = require "lofty.oauth.static_source"
local times = require "lofty.oauth.times"
local token_cache = require "lofty.oauth.token_cache"

local expect = lazy "lofty.api.expect"

local sort = table.sort

local accounts = {}

-- No account has this id: its lock is taken to see whether the store can be written to.
local PROBE = "-"

local function on_error(self, err)
  local hook = self.settings.on_error
  if hook then hook(err) end
end

-- What `lofty.oauth.lease` needs to take the lock of one account.
local function lock_of(self, account)
  return {
    runtime = self.runtime, cache = self:cache_for(account), ttl = times.of(self.settings.timeout.total).lease_ttl,
    on_error = function(err) on_error(self, err) end,
  }
end

-- Calls fn(held, cache, ...) while this process holds the account's lock, and no refresh of it runs here.
local function under_lock(self, account, fn, ...)
  local runtime, durations = self.runtime, times.of(self.settings.timeout.total)
  local lock = lock_of(self, account)
  local function take_and_run(...)
    local deadline = runtime:monotonic() + durations.max_wait.invalid
    local ok, err = lease.with(lock, deadline, nil, fn, lock.cache, ...)
    return ok, err
  end
  local timeout = durations.detach_timeout
  local flight = singleflight.new(runtime, self.store, lock.cache.key, timeout)
  local ok, err = flight:run_alone(runtime:monotonic() + timeout, take_and_run, ...)
  return ok, err
end

-- The account that a token belongs to, by GET /v1.0/me; nothing in the callback is trusted for it.
-- The call does not refresh the token: the new one would be lost.
local function fetch_account_id(self, token)
  local crm = client.new { source = static_source(token), settings = self.settings, limiter = self.limiter }
  local account, err = expect.account(crm:me())
  if not account then return nil, err end
  return account
end

-- Finds out whether the store can be read, locked and written, before the code, which can be exchanged once, is sent.
local function check_store(self)
  local lock = lock_of(self, PROBE)
  local _, err = lock.cache:check()
  if err then return nil, err end
  _, _, err = lock.cache:reload()
  if err then return nil, err end
  -- The process that holds this lock makes the same check at this moment: do not wait for it.
  local ok, why = lease.with(lock, self.runtime:monotonic(), nil, function()
    local reserved, full = lock.cache:reserve()
    return reserved, full
  end)
  return ok or why.code == "locked", why
end

local function replace(_, cache, token)
  local saved, err = cache:replace(token)
  return saved, err
end

local function save(self, account, token)
  local saved, err = under_lock(self, account, replace, token)
  -- A holder that has kept the lock for longer than its time does not write any more: go on without it.
  if not saved and err.retryable then saved, err = self:cache_for(account):replace(token) end
  return saved, err
end

--- Exchanges a code, asks whose token it is, and writes it to the store.
-- @tparam table self the application
-- @tparam table fields of the token request
-- @treturn[1] string account
-- @treturn[1] table token
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.connect(self, fields)
  local usable, unusable = check_store(self)
  if not usable then
    unusable.account = nil
    return nil, unusable
  end
  local token, err = self.grant(fields)
  if not token then
    err.operation = "connect"
    return nil, err
  end
  local account, why = fetch_account_id(self, token)
  local saved
  if account then
    token.account, token.connected_at = account, token.obtained_at
    saved, why = save(self, account, token)
    if saved then return account, token end
  end
  local secrets = { fields.code }
  redact.add_token(secrets, token)
  redact.err(why, secrets)
  local hook = self.settings.on_refresh
  if hook then hook(token, why) end
  return nil, why
end

local function delete(_, cache)
  local ok, err = cache:delete()
  return ok, err
end

--- Deletes an account's token from the store.
-- @tparam table self the application
-- @tparam string account
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.forget(self, account)
  -- A lock file is never deleted: an unknown account must not make one.
  local stored, err = self:cache_for(account):is_stored()
  if not stored then return not err or nil, err end
  local ok, why = under_lock(self, account, delete)
  if why then why.account = account end
  return ok, why
end

--- The accounts of this application that are in the store, sorted.
-- @tparam table self the application
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.list(self)
  local list, err = token_cache.accounts(self.store, self.client_id)
  if not list then return nil, err end
  sort(list)
  return list
end

--- What the store holds about each account. It costs one read of the store for each.
-- @tparam table self the application
-- @treturn[1] {table,...} sorted by account, each with `account` and, where the token has them, `connected_at`,
--   `refreshed_at`, `refresh_expires_at`, `revoked_at`; with `err` when the stored token can't be read
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function accounts.details(self)
  local list, err = accounts.list(self)
  if not list then return nil, err end
  local details = {}
  for i = 1, #list do
    local token, _, problem = self:cache_for(list[i]):reload()
    if problem and problem.code ~= "unreadable" then return nil, problem end
    -- Without a token and a problem, another process has just deleted it.
    if token or problem then
      token = token or {}
      details[#details + 1] = {
        account = list[i], connected_at = token.connected_at, refreshed_at = token.obtained_at,
        refresh_expires_at = token.refresh_expires_at, revoked_at = token.revoked_at, err = problem,
      }
    end
  end
  return details
end

--- The accounts whose refresh token expires within some days, or has expired, soonest first.
-- @tparam table self the application
-- @tparam number days
-- @treturn[1] {table,...} as of `details`
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function accounts.expiring(self, days)
  local details, err = accounts.details(self)
  if not details then return nil, err end
  local latest, list = self.runtime:now() + days * 86400, {}
  for i = 1, #details do
    local ends = details[i].refresh_expires_at
    if ends and ends <= latest and not details[i].revoked_at then list[#list + 1] = details[i] end
  end
  sort(list, function(a, b)
    if a.refresh_expires_at ~= b.refresh_expires_at then return a.refresh_expires_at < b.refresh_expires_at end
    return a.account < b.account
  end)
  return list
end

return accounts
