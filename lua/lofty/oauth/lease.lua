-- SPDX-License-Identifier: MIT

--- Holds a token's lock in the store while a function runs, so that one process refreshes the token.
-- @module lofty.oauth.lease

local ascii = require "lofty.internal.ascii"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local jitter = require "lofty.pacing.jitter"
local times = require "lofty.oauth.times"

local huge, min = math.huge, math.min

local lease = {}

-- A random owner name for one attempt: 32 hexadecimal digits.
local function new_owner()
  return ascii.hex(crypto.random(16))
end

-- Each wait is longer than the one before, and differs between processes.
local function pause(attempt)
  return min(times.first_poll * 1.5 ^ (attempt - 1), times.longest_poll) * (0.5 + jitter() / 2)
end

-- Takes the lock. Returns the time just before it was taken; nil, nil, found when `peek` found something; nil, err.
local function take(self, owner, deadline, peek)
  local runtime, cache = self.runtime, self.cache
  local outage_ends = runtime:monotonic() + times.store_outage
  local attempt = 0
  while true do
    local asked_at = runtime:monotonic()
    local locked, err = cache:try_lock(owner, self.ttl)
    if locked == false and self.uncertain == owner then
      -- An attempt without a reply may have taken the lock at an unknown time: release it, and take it anew.
      self.uncertain = nil
      if cache:unlock(owner) then
        asked_at = runtime:monotonic()
        locked, err = cache:try_lock(owner, self.ttl)
      end
    end
    if locked then
      self.uncertain = nil
      return asked_at
    end
    if err then self.uncertain = owner end
    local now = runtime:monotonic()
    if err and not (err.retryable and now < outage_ends and now < deadline) then return nil, err end
    if now >= deadline then
      return nil, errors.new {
        kind = "store", code = "locked", sent = false, retryable = true,
        message = "another process holds the lock of this token: try again",
      }
    end
    attempt = attempt + 1
    runtime:sleep(min(pause(attempt), deadline - now))
    local found = peek and peek()
    if found then return nil, nil, found end
  end
end

--- Calls fn(held, ...) while this process holds the lock, and releases it when fn returned, raised or was dropped.
-- A failed release is reported to `on_error`; the lock then ends after its `ttl`.
-- @tparam table self `runtime`; `cache` (see `lofty.oauth.token_cache`; one without a store needs no lock); `ttl`
--   (seconds after which the lock ends by itself); `on_error(err)`
-- @tparam number deadline until when to wait for the lock, on the runtime's monotonic clock
-- @tparam ?function peek called after each wait; if it returns a value, the lock is not needed
-- @tparam function fn `held.taken_at` and `held.ends` are its lease, on the same clock
-- @param ... its arguments
-- @return[1] up to four values that fn returned
-- @return[2] what peek found
-- @return[3] nil
-- @treturn[3] table err of kind "store"; its code is "locked" when another process has the lock
function lease.with(self, deadline, peek, fn, ...)
  local runtime, cache = self.runtime, self.cache
  if not cache.store then
    local a, b, c, d = fn({ taken_at = runtime:monotonic(), ends = huge }, ...)
    return a, b, c, d
  end
  -- After an attempt without a reply its owner's name is used again, so that a lock which it took is recognized.
  local owner, taken_at = self.uncertain or new_owner(), nil
  local function release()
    if not taken_at then return end
    local _, err = cache:unlock(owner)
    if err then self.on_error(err) end
  end
  local function take_and_run(...)
    local err, found
    taken_at, err, found = take(self, owner, deadline, peek)
    if not taken_at then return found, err end
    local a, b, c, d = fn({ taken_at = taken_at, ends = taken_at + self.ttl }, ...)
    return a, b, c, d
  end
  local a, b, c, d = runtime:ensure(release, take_and_run, ...)
  return a, b, c, d
end

return lease
