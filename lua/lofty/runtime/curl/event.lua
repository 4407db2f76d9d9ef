-- SPDX-License-Identifier: MIT

--- An event that tasks, or code outside of a task, wait for; once set it stays set.
-- @module lofty.runtime.curl.event

local scheduler = require "lofty.runtime.curl.scheduler"

local setmetatable = setmetatable
local monotonic = require("lofty.curl").monotonic

local Event = { __name = "lofty.event" }
Event.__index = Event

--- Waits until the event is set. Where the caller may not yield, the other tasks run meanwhile.
-- @tparam number seconds the longest wait; 0 or less only asks
-- @treturn boolean true: it is set; false: the time ran out
function Event:wait(seconds)
  if self.is_set or seconds <= 0 then return self.is_set end
  scheduler.check_interruption()
  local ends = monotonic() + seconds
  local task = scheduler.current()
  if task then
    local waiters = self.waiters
    local wait = scheduler.suspend_until(task, ends)
    waiters[#waiters + 1] = wait
    scheduler.suspend(task)
    wait.task = nil -- an interruption wakes a task without ending its wait
    if not self.is_set then scheduler.check_interruption() end
    return self.is_set
  end
  repeat
    scheduler.wait_in_place(seconds)
    seconds = ends - monotonic()
  until self.is_set or seconds <= 0
  return self.is_set
end

--- Sets the event and wakes every waiter. Further calls do nothing.
function Event:set()
  if self.is_set then return end
  self.is_set = true
  local waiters = self.waiters
  self.waiters = nil
  for i = 1, #waiters do scheduler.wake(waiters[i]) end
end

--- Makes an event that is not set.
-- @treturn table with `wait(seconds)` and `set()`
return function()
  return setmetatable({ is_set = false, waiters = {} }, Event)
end
