--- Where a client's token comes from: functions `source(refused, held) -> token | nil, err`.
--
-- `refused` is the access_token that was just answered 401, `held` the token that an outer source has
-- read. A source that has nothing better than what was refused returns nil alone.
-- @module lofty.source

local errors = require "lofty.errors"
local lock = require "lofty.lock"

local pairs, pcall, error, setmetatable = pairs, pcall, error, setmetatable
local getmetatable = getmetatable

local source = {}

--- A credential that nothing can renew.
-- @tparam table held the token
-- @treturn function source
function source.static(held)
  return function(refused)
    if refused == held.access_token then return nil end
    return held
  end
end

local function usable(held, refused, now)
  return held.access_token ~= refused and not held.revoked_at and not held:stale(now)
end

local function oauth_error(account, code, message)
  if account then message = "account " .. account .. " " .. message end
  return errors.new { kind = "oauth", code = code, account = account, sent = false, message = message }
end

--- How long a lock lasts: a grant may be repeated once, and the write takes its time.
-- @tparam number grant_timeout seconds, the total of one grant
-- @treturn number seconds
function source.ttl(grant_timeout)
  return 2 * grant_timeout + 10
end

--- How long everything from lock to unlock may take: waiting for another's lock, then holding it.
-- @tparam number grant_timeout seconds
-- @treturn number seconds
function source.patience(grant_timeout)
  return 2 * (source.ttl(grant_timeout) + 5)
end

local Locked = {}
Locked.__index = Locked

-- The server said invalid_grant: believed only if nobody else has refreshed meanwhile.
function Locked:after_refusal(held, refused, err)
  local again, why = self.kept:read(true)
  if why then return nil, why end
  if again and again.access_token ~= held.access_token then
    if usable(again, refused, self.runtime:now()) then return again end
    return nil, errors.new {
      kind = "oauth", code = err.code, status = err.status, account = self.account, retryable = true, sent = true,
      message = "another process has refreshed this token meanwhile: try again",
    }
  end
  local marked = {}
  for name, value in pairs(held) do marked[name] = value end
  marked.revoked_at = self.runtime:now()
  self.kept:write(setmetatable(marked, getmetatable(held)))
  err.account = self.account
  return nil, err
end

-- Keeps what was granted; tells on_refresh when that failed. The token serves this call all the same.
function Locked:keep(fresh, held, locked_at)
  local kept, saved, lost = self.kept, nil, nil
  local current = held
  if self.runtime:monotonic() - locked_at >= self.ttl then
    -- The lease is over and somebody else may have refreshed: only over the token that was read.
    current, lost = kept:read(true)
  end
  if not lost and not (current and current.access_token == held.access_token) then
    lost = errors.new {
      kind = "store", sent = false, account = self.account,
      message = "the lock's time was over and another token stands in the store: this one is not kept",
    }
  end
  if not lost then saved, lost = kept:write(fresh) end
  return pcall(self.on_refresh, fresh, not saved and lost or nil)
end

-- What happens between lock and unlock: one look again, one grant, one write.
function Locked:renew(refused, locked_at)
  local runtime, kept = self.runtime, self.kept
  local held, err = kept:read(true)
  if err then return nil, err end
  if held and kept.unsaved then kept:write(held) end
  if not held then
    if not self.first then
      return nil, oauth_error(self.account, "no_token", "has no token: it has to be connected first")
    end
  elseif usable(held, refused, runtime:now()) then
    return held
  elseif held.revoked_at then
    return nil, oauth_error(self.account, "invalid_grant", "was disconnected: it has to be connected again")
  end
  if runtime:monotonic() - locked_at >= self.ttl - self.grant_timeout then
    return nil, errors.new {
      kind = "store", sent = false, retryable = true, account = self.account,
      message = "reading the token took longer than its lock allows: try again",
    }
  end
  local fresh, why = self.inner(refused, held)
  if not fresh then
    if held and why and why.kind == "oauth" and why.code == "invalid_grant" then
      return self:after_refusal(held, refused, why)
    end
    return nil, why
  end
  self.refreshed()
  if not held then held = fresh end
  local called, raised = self:keep(fresh, held, locked_at)
  return fresh, nil, not called, raised
end

-- From lock to unlock; runs to its end even when the caller is gone.
local function refresh(self, refused)
  local runtime, kept = self.runtime, self.kept
  local owner = lock.owner()
  local locked, err, found = lock.take(runtime, kept, owner, self.ttl, function()
    local held = kept:read(true)
    return held and usable(held, refused, runtime:now()) and held or nil
  end)
  if not locked then return found, err end
  local locked_at = runtime:monotonic()
  runtime:holding(true)
  local fresh, why, failed, raised = self:renew(refused, locked_at)
  kept:unlock(owner)
  runtime:holding(false)
  if failed then error(raised, 0) end
  return fresh, why
end

--- A source that keeps what `inner` grants and asks it again only when the kept token is stale or refused,
-- under a lock, so that of many that ask at once one refreshes and the rest use its token.
-- @tparam function inner a source that makes a new token out of the one it is given
-- @tparam table kept see `lofty.kept`
-- @tparam table opt `runtime`; `grant_timeout` (seconds, the total of one grant); `on_refresh(token, err)`;
--   `refreshed()` counts; `account` (string, for messages); `first` (inner needs no token to begin with)
-- @treturn function source
function source.locked(inner, kept, opt)
  local runtime = opt.runtime
  local self = setmetatable({
    inner = inner, kept = kept, runtime = runtime, grant_timeout = opt.grant_timeout,
    on_refresh = opt.on_refresh, refreshed = opt.refreshed, account = opt.account, first = opt.first,
    ttl = source.ttl(opt.grant_timeout),
  }, Locked)
  local patience = source.patience(opt.grant_timeout)
  return function(refused)
    local held, err = kept:read()
    if err then return nil, err end
    if held and usable(held, refused, runtime:now()) and not kept.unsaved then return held end
    local fresh, why = runtime:detach(patience, refresh, self, refused)
    if fresh then return fresh end
    held = kept:read()
    if not held or held.access_token == refused then return nil, why end
    -- Nothing can renew it: whether it still serves is for the server to say.
    if not why then return held end
    -- Near its end is not at its end: a store or a server that is away costs no call that can still be made.
    local certain = why.kind == "oauth" and not why.retryable
    if certain or held.revoked_at or held:ended(runtime:now()) then return nil, why end
    return held
  end
end

return source
