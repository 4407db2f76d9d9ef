-- SPDX-License-Identifier: MIT

--- An event that light threads wait for: set once, it stays set.
-- @module lofty.runtime.nginx.event

local semaphore = require "ngx.semaphore"
local phase = require "lofty.runtime.nginx.phase"

local new_semaphore = semaphore.new
local select, setmetatable = select, setmetatable

-- ngx.semaphore counts milliseconds in a C int.
local LONGEST_WAIT = 2147483 -- seconds

local Event = { __name = "lofty.event" }
Event.__index = Event

--- Waits until the event is set.
-- @tparam number seconds the longest wait; 0 or less only asks
-- @treturn boolean true: it is set; false: the time ran out
-- @treturn ?table err where this phase of nginx can't wait
function Event:wait(seconds)
  if self.is_set then return true end
  local may, err = phase.may_wait()
  if not may then return false, err end
  if seconds < 0 then seconds = 0 elseif seconds > LONGEST_WAIT then seconds = LONGEST_WAIT end
  local ok, why = self.semaphore:wait(seconds)
  if ok or self.is_set then return true end
  if why == "timeout" then return false end
  return false, select(2, phase.refuse())
end

--- Sets the event and wakes every waiter. May be called more than once, in every phase.
function Event:set()
  if self.is_set then return end
  self.is_set = true
  local waiters = -self.semaphore:count() -- a negative count is the number of waiters
  if waiters > 0 then self.semaphore:post(waiters) end
end

--- Makes an event that is not set.
-- @treturn table with `wait(seconds)` and `set()`
return function()
  return setmetatable({ semaphore = new_semaphore(0), is_set = false }, Event)
end
