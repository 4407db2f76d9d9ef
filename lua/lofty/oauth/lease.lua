--- Waiting for a lock that another process, or another coroutine, may hold.
-- @module lofty.oauth.lease

local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local jitter = require "lofty.pacing.jitter"

local format, gsub, byte = string.format, string.gsub, string.byte
local min = math.min

-- First look after, and never longer than, so many seconds.
local FIRST_WAIT, LONGEST_WAIT = 0.02, 0.5
-- How long a store may be away, restarting say, before a wait for one of its locks ends.
local OUTAGE = 2

local lock = {}

--- A name for one attempt: no two have the same.
-- @treturn string 32 hexadecimal digits
function lock.owner()
  return (gsub(crypto.random(16), ".", function(c) return format("%02x", byte(c)) end))
end

--- Seconds to wait before look number `count`: longer from time to time, and never the same for two that wait.
-- @tparam number count 1, 2, ...
-- @tparam[opt] number longest never longer than this
-- @treturn number
function lock.pause(count, longest)
  return min(FIRST_WAIT * 1.5 ^ (count - 1), longest or LONGEST_WAIT) * (0.5 + jitter() / 2)
end

--- Takes a kept token's lock, waiting for whoever holds it.
-- @tparam table runtime
-- @tparam table kept
-- @tparam string owner
-- @tparam number ttl seconds after which the lock frees itself
-- @tparam number patience seconds to wait at most
-- @tparam[opt] function peek asked after each wait; what it returns makes the lock needless
-- @treturn[1] number since when it is held at the latest, on the runtime's monotonic clock
-- @return[2] nil
-- @return[2] nil
-- @return[2] what `peek` found
-- @treturn[3] nil
-- @treturn[3] table err of kind "store"
function lock.take(runtime, kept, owner, ttl, patience, peek)
  local began, looks = runtime:monotonic(), 0
  while true do
    local asked = runtime:monotonic()
    local locked, err = kept:try_lock(owner, ttl)
    if locked then return asked end
    local waited = runtime:monotonic() - began
    if err and not (err.retryable and waited < min(patience, OUTAGE)) then return nil, err end
    if waited >= patience then
      return nil, errors.new {
        kind = "store", sent = false, retryable = true,
        message = "another process holds the lock of this token and does not end: try again",
      }
    end
    looks = looks + 1
    runtime:sleep(lock.pause(looks))
    local found = peek and peek()
    if found then return nil, nil, found end
  end
end

return lock
