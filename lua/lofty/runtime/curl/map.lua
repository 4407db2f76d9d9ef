--- Calls a function for each item of a list, many at once in one thread.
-- @module lofty.runtime.curl.map

local items_of = require("lofty.runtime.map").items
local scheduler = require "lofty.runtime.curl.scheduler"

local setmetatable = setmetatable
local step, current, suspend, enqueue = scheduler.step, scheduler.current, scheduler.suspend, scheduler.enqueue

local STEP_WAIT = 60 -- seconds that one step may wait; it ends as soon as something happens

local Group = {}
Group.__index = Group

-- Hands the next item, if there is one, to the scheduler.
function Group:start_next()
  local items = self.items
  local index = items:next()
  if not index then return end
  self.active = self.active + 1
  scheduler.add { fn = items.fn, item = items.list[index], index = index, ended = self.ended, dropped = self.dropped }
end

-- An item has ended, or was dropped before it started.
function Group:leave()
  self.active = self.active - 1
  self:start_next()
  local waiter = self.waiter
  if waiter then
    self.waiter = nil
    enqueue(waiter)
  end
end

-- Until every item has ended: as a task among tasks, or by running the scheduler here.
function Group:wait()
  while self.active > 0 do
    local task = current()
    if task then
      self.waiter = task
      suspend(task)
    else
      step(STEP_WAIT)
    end
    self.items:report()
  end
end

--- Calls fn(item, index) for each item; see `lofty.runtime.map` for the arguments and results.
return function(list, fn, opt)
  local items = items_of(list, fn, opt)
  local self = setmetatable({ items = items, active = 0, waiter = nil }, Group)
  self.dropped = function() return items.stopped end
  self.ended = function(task, ...)
    if task.co then items:settle(task.index, ...) end
    self:leave()
  end
  for _ = 1, items.concurrency do self:start_next() end
  self:wait()
  local results, errors = items:outcome()
  return results, errors
end
