-- SPDX-License-Identifier: MIT

--- Sources of a client's tokens: functions `source(rejected, call_deadline) -> token | nil, err`.
--
-- `rejected` is an access token that the server has just refused with 401. A source without another token returns nil
-- alone.
-- @module lofty.oauth.source

local errors = require "lofty.errors"
local lease = require "lofty.oauth.lease"
local singleflight = require "lofty.oauth.singleflight"
local times = require "lofty.oauth.times"

local getmetatable, pairs, setmetatable = getmetatable, pairs, setmetatable
local huge, min = math.huge, math.min

local source = {}

local Source = {}
Source.__index = Source

local function oauth_error(self, code, message)
  if self.account then message = "account " .. self.account .. " " .. message end
  return errors.new { kind = "oauth", code = code, account = self.account, sent = false, message = message }
end

-- Copies an err: all waiters of one refresh get the same err, and each caller writes its operation into it.
local function copy(err)
  local same = {}
  for name, value in pairs(err) do same[name] = value end
  return setmetatable(same, getmetatable(err))
end

-- Begins a backoff after a failed refresh: until its end no other refresh is tried while the token is still accepted.
-- @treturn boolean false when a backoff had begun already
local function begin_backoff(self)
  local now = self.runtime:monotonic()
  if self.backoff and now < self.backoff_ends then return false end
  self.backoff = self.backoff and min(2 * self.backoff, times.longest_backoff) or times.first_backoff
  self.backoff_ends = now + self.backoff
  return true
end

local function is_backing_off(self)
  return self.backoff ~= nil and self.runtime:monotonic() < self.backoff_ends
end

-- Under the lock: reads the store once more, requests one token and writes it.
-- @treturn[1] table token
-- @treturn[1] nil
-- @treturn[1] ?boolean true: it has just been granted
-- @treturn[1] ?table err when it could not be saved
-- @treturn[2] nil
-- @treturn[2] ?table err
local function renew(held, self, rejected)
  local cache = self.cache
  local token, state, err = cache:reload(rejected, true)
  if err then return nil, err end
  if state == "fresh" then return token end
  if self.needs_token then
    if not token then return nil, oauth_error(self, "no_token", "has no token: connect it first") end
    if token.revoked_at then return nil, oauth_error(self, "invalid_grant", "was disconnected: connect it again") end
    if not token.refresh_token then return nil end
  end
  if self.runtime:monotonic() - held.taken_at > times.latest_request then
    return nil, errors.new {
      kind = "store", sent = false, retryable = true, account = self.account,
      message = "reading the token took longer than its lock allows: try again",
    }
  end
  local reserved, full = cache:reserve()
  if not reserved then return nil, full end
  local new, why = self.grant(token)
  if new then
    self.count()
    local saved, lost = cache:replace(new, held)
    return new, nil, true, not saved and lost or nil
  end
  if token and why and why.kind == "oauth" and why.code == "invalid_grant" then
    local other, final = cache:confirm_revoked(token, rejected, why)
    return other, final
  end
  return nil, why
end

-- Runs once at a time in this process, detached from the request that needs the token.
local function refresh(self, rejected, deadline)
  local cache = self.cache
  -- Read before locking: a lock file is never deleted, so asking for an unknown account must not make one.
  if self.needs_token and not cache.token then
    local token, _, err = cache:reload(rejected)
    if not token then return nil, err or oauth_error(self, "no_token", "has no token: connect it first") end
  end
  local function peek()
    local token, state = cache:reload(rejected)
    return state == "fresh" and token or nil
  end
  local token, err, granted, save_err = lease.with(self.lock, deadline, peek, renew, self, rejected)
  if granted then self.on_refresh(token, save_err) end
  return token, err, cache
end

--- The token to use.
-- @tparam ?string rejected the access token that the server has just refused
-- @tparam ?number call_deadline monotonic seconds: waits for no refresh and no lock longer; a token request that was
--   sent is not interrupted (in nginx it continues without this call)
-- @treturn[1] table token
-- @treturn[2] nil
-- @treturn[2] ?table err; none when the rejected token can't be refreshed
function Source:get(rejected, call_deadline)
  local cache = self.cache
  local token, state, err = cache:get(rejected)
  if err then return nil, err end
  if state == "fresh" or state == "stale" and is_backing_off(self) then return token end

  local max_wait = self.max_wait[cache:token_state(rejected)]
  local deadline = min(self.runtime:monotonic() + max_wait, call_deadline or huge)
  local new, why, leader_cache = self.flight:run(deadline, call_deadline, rejected, refresh, self, rejected, deadline)
  if new then
    if leader_cache ~= cache then cache:adopt(leader_cache) end
    if cache.unsaved then begin_backoff(self) else self.backoff = nil end
    return new
  end

  local is_first = begin_backoff(self)
  token, state = cache:get(rejected)
  -- It can't be refreshed: send it even if it has expired, and let the server decide.
  if not why then return token and token.access_token ~= rejected and token or nil end
  why = copy(why)
  -- An outage of the store or the token endpoint must not fail a call whose token is still accepted.
  local is_final = why.kind == "oauth" and not why.retryable
  if is_final or state == "invalid" then return nil, why end
  if is_first and max_wait > 0 then self.on_error(why) end
  return token
end

--- A source that caches tokens and refreshes them: once in this process and once among all that share the store.
-- @tparam function grant makes a new token of the cached one: `grant(token) -> token | nil, err`
-- @tparam table cache see `lofty.oauth.token_cache`
-- @tparam table opt `runtime`; `grant_timeout` (seconds, the limit of one token request); `on_refresh(token, err)`: a
--   token was granted, err when it could not be saved; `on_error(err)`: a failure that fails no call; `count()`
--   counts grants; `account` (string, for messages); `needs_token` (false: a grant is possible without a token)
-- @treturn function source
function source.cached(grant, cache, opt)
  local runtime, durations = opt.runtime, times.of(opt.grant_timeout)
  local self = setmetatable({
    grant = grant, cache = cache, runtime = runtime, max_wait = durations.max_wait, account = opt.account,
    on_refresh = opt.on_refresh, on_error = opt.on_error, count = opt.count, needs_token = opt.needs_token ~= false,
    lock = { runtime = runtime, cache = cache, ttl = durations.lease_ttl, on_error = opt.on_error },
    flight = singleflight.new(runtime, cache.store or cache, cache.key, durations.detach_timeout),
  }, Source)
  return function(rejected, call_deadline)
    local token, err = self:get(rejected, call_deadline)
    return token, err
  end
end

return source
