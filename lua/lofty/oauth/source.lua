--- Where a client's token comes from: functions `source(refused, held) -> token | nil, err`.
--
-- `refused` is the access_token that was just answered 401, `held` the token that an outer source has
-- read. A source that has nothing better than what was refused returns nil alone.
-- @module lofty.oauth.source

local errors = require "lofty.errors"
local lock = require "lofty.oauth.lease"

local pairs, pcall, error, setmetatable = pairs, pcall, error, setmetatable
local getmetatable = getmetatable
local floor, min = math.floor, math.min

-- What a lock's time has beyond two grants: half for what comes before the first, half for what comes after the last.
local MARGIN = 20
-- How long a call waits for another's refresh when it has a token that still serves.
local HURRY = 5
-- How long it waits for one of this process that has no lock yet: it may stand below us on the stack.
local UNLOCKED = 2
-- How often it looks at the most: that costs no I/O.
local LOOK = 0.1
-- How long one write is tried.
local WRITING = 1
-- How long calls leave it at a failed attempt as long as their token serves: longer from time to time.
local FIRST_REST, LONGEST_REST = 1, 30

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

-- Near its end is not at its end.
local function serves(held, refused, now)
  return held.access_token ~= refused and not held.revoked_at and not held:ended(now)
end

local function oauth_error(account, code, message)
  if account then message = "account " .. account .. " " .. message end
  return errors.new { kind = "oauth", code = code, account = account, sent = false, message = message }
end

-- Each caller writes its own operation into its err.
local function copy(fields)
  local same = {}
  for name, value in pairs(fields) do same[name] = value end
  return setmetatable(same, getmetatable(fields))
end

--- How long a lock lasts: a grant may be repeated once, and the store takes its time.
-- @tparam number grant_timeout seconds, the total of one grant
-- @treturn number seconds
function source.ttl(grant_timeout)
  return 2 * grant_timeout + MARGIN
end

--- How long to wait for a lock: after its ttl nobody who may still write holds it.
-- @tparam number grant_timeout seconds
-- @treturn number seconds
function source.wait(grant_timeout)
  return source.ttl(grant_timeout) + 5
end

--- How long everything from lock to unlock may take: waiting for another's lock, then holding it.
-- @tparam number grant_timeout seconds
-- @treturn number seconds
function source.patience(grant_timeout)
  return 2 * source.wait(grant_timeout)
end

--- Writes a token, trying for a moment: there may be no other copy of it.
-- @tparam table runtime
-- @tparam table kept
-- @tparam table fresh the token
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function source.save(runtime, kept, fresh)
  local began, rest = runtime:monotonic(), 0.1
  local saved, err = kept:write(fresh)
  while not saved and runtime:monotonic() + rest - began < WRITING do
    runtime:sleep(rest)
    rest = 2 * rest
    saved, err = kept:write(fresh)
  end
  return saved, err
end

local Locked = {}
Locked.__index = Locked

-- A store or a token endpoint that is away may make every attempt wait for its time limit.
function Locked:put_off()
  local now = self.runtime:monotonic()
  if self.rest and now < self.try_again then return end -- of many that failed together the first has done it
  self.rest = min(self.rest and 2 * self.rest or FIRST_REST, LONGEST_REST)
  self.try_again = now + self.rest
end

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
  if again then
    local marked = copy(held)
    marked.revoked_at = floor(self.runtime:now())
    source.save(self.runtime, self.kept, marked)
  end
  err.account = self.account
  return nil, err
end

-- Keeps what was granted; tells on_refresh when that failed. The token serves this call all the same.
function Locked:keep(fresh, held, ends)
  local kept, runtime = self.kept, self.runtime
  local current, saved, lost = held, nil, nil
  if held and runtime:monotonic() >= ends then
    -- The lease is over and somebody else may have refreshed: only over the token that was read.
    current, lost = kept:read(true)
    if lost then kept:hold(fresh) end
  end
  if not lost and held and not (current and current.access_token == held.access_token) then
    lost = errors.new {
      kind = "store", sent = false, account = self.account,
      message = "the lock's time was over and the store does not hold the token any more that this one follows: "
        .. "it is not kept",
    }
  end
  if not lost then saved, lost = source.save(runtime, kept, fresh) end
  local called, raised = pcall(self.on_refresh, fresh, not saved and lost or nil)
  return called, raised
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
  -- A grant of unknown fate is repeated once, and both have to end within the lease.
  if runtime:monotonic() - locked_at > MARGIN / 2 then
    return nil, errors.new {
      kind = "store", sent = false, retryable = true, account = self.account,
      message = "reading the token took longer than its lock allows: try again",
    }
  end
  local fresh, why = self.inner(refused, held)
  if not fresh then
    if held and why and why.kind == "oauth" and why.code == "invalid_grant" then
      local other, final = self:after_refusal(held, refused, why)
      return other, final
    end
    return nil, why
  end
  self.refreshed()
  local called, raised = self:keep(fresh, held, locked_at + self.ttl)
  return fresh, nil, not called, raised
end

-- Tells those who wait what an attempt came to.
local function land(self, flight, token, err)
  flight.landed, flight.token, flight.err = true, token, err and copy(err)
  if self.flight == flight then self.flight = nil end
end

-- From lock to unlock; runs to its end even when the caller is gone. Its arguments are all it needs: in nginx the
-- locals of a request that was aborted read as nil.
local function refresh(self, flight, refused, patience)
  local runtime, kept = self.runtime, self.kept
  flight.begun = true
  local owner = lock.owner()
  local locked_at, err, found = lock.take(runtime, kept, owner, self.ttl, patience, function()
    local held = kept:read(true)
    return held and usable(held, refused, runtime:now()) and held or nil
  end)
  if not locked_at then
    land(self, flight, found, err)
    return found, err
  end
  flight.locked = true
  runtime:holding(true)
  local fresh, why, failed, raised = self:renew(refused, locked_at)
  kept:unlock(owner)
  runtime:holding(false)
  land(self, flight, fresh, why)
  if failed then error(raised, 0) end
  return fresh, why
end

-- Waits for what another coroutine of this process is about. Of many that fail together one attempt is made, and its
-- failure is everybody's. Nothing at all: there is none, or it takes too long.
function Locked:join(refused, patience)
  local runtime, flight = self.runtime, self.flight
  if not flight then return nil end
  local began, looks = runtime:monotonic(), 0
  while true do
    local waited = runtime:monotonic() - began
    if waited >= patience or waited >= UNLOCKED and not flight.locked then return nil end
    looks = looks + 1
    runtime:sleep(lock.pause(looks, LOOK))
    local held = self.kept:read()
    if held and usable(held, refused, runtime:now()) then return held end
    if flight.landed then
      local token, err = flight.token, flight.err
      if token and token.access_token ~= refused then return token end
      if err then return nil, copy(err) end
      return nil
    end
  end
end

-- A token that is fit for this call, by a refresh of our own or of another's.
function Locked:obtain(held, refused)
  local runtime, grant_timeout = self.runtime, self.grant_timeout
  local patience, now = source.wait(grant_timeout), runtime:now()
  if held and serves(held, refused, now) then
    -- When it needs nothing but to be written, that has time.
    patience = usable(held, refused, now) and 0 or HURRY
  end
  local till = runtime:monotonic() + patience
  local token, err = self:join(refused, patience)
  if token or err then return token, err end
  local flight = {}
  self.flight = flight
  token, err = runtime:detach(source.patience(grant_timeout), refresh, self, flight, refused,
    till - runtime:monotonic())
  if not flight.begun then land(self, flight, nil, err) end
  return token, err
end

--- A source that keeps what `inner` grants and asks it again only when the kept token is stale or refused,
-- under a lock, so that of many that ask at once one refreshes and the rest use its token.
-- @tparam function inner a source that makes a new token out of the one it is given
-- @tparam table kept see `lofty.oauth.token_cache`
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
  return function(refused)
    local held, err = kept:read()
    if err then return nil, err end
    if held and serves(held, refused, runtime:now()) then
      if usable(held, refused, runtime:now()) and not kept.unsaved then return held end
      if self.rest and runtime:monotonic() < self.try_again then return held end
    end
    local fresh, why = self:obtain(held, refused)
    if fresh and not kept.unsaved then self.rest = nil else self:put_off() end
    if fresh then return fresh end
    held = kept:read()
    if not held or held.access_token == refused then return nil, why end
    -- Nothing can renew it: whether it still serves is for the server to say.
    if not why then return held end
    -- What is away, a store or a server, costs no call that can still be made.
    local certain = why.kind == "oauth" and not why.retryable
    if certain or not serves(held, refused, runtime:now()) then return nil, why end
    return held
  end
end

return source
