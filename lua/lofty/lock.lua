--- Waiting for a lock that another process, or another coroutine, may hold.
-- @module lofty.lock

local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local jitter = require "lofty.jitter"

local format, gsub, byte = string.format, string.gsub, string.byte

-- First look after, and never longer than, so many seconds.
local FIRST_WAIT, LONGEST_WAIT = 0.02, 0.5

local lock = {}

--- A name for one attempt: no two have the same.
-- @treturn string 32 hexadecimal digits
function lock.owner()
  return (gsub(crypto.random(16), ".", function(c) return format("%02x", byte(c)) end))
end

--- Takes a kept token's lock, waiting as long as a holder may take.
-- @tparam table runtime
-- @tparam table kept
-- @tparam string owner
-- @tparam number ttl seconds after which the lock frees itself
-- @tparam[opt] function peek asked after each wait; what it returns makes the lock needless
-- @treturn[1] boolean true
-- @return[2] nil
-- @return[2] nil
-- @return[2] what `peek` found
-- @treturn[3] nil
-- @treturn[3] table err of kind "store"
function lock.take(runtime, kept, owner, ttl, peek)
  local wait = FIRST_WAIT
  local give_up = runtime:monotonic() + ttl + 5
  while true do
    local locked, err = kept:try_lock(owner, ttl)
    if locked then return true end
    if err then return nil, err end
    if runtime:monotonic() >= give_up then
      return nil, errors.new {
        kind = "store", sent = false, retryable = true,
        message = "another process holds the lock of this token and does not end: try again",
      }
    end
    runtime:sleep(wait * (0.5 + jitter() / 2))
    if wait < LONGEST_WAIT then wait = wait * 1.5 end
    local found = peek and peek()
    if found then return nil, nil, found end
  end
end

return lock
