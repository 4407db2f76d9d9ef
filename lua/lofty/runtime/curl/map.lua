-- SPDX-License-Identifier: MIT

--- Calls a function for each item of a list, many at once in one thread.
-- @module lofty.runtime.curl.map

local items_of = require("lofty.runtime.map").items
local scheduler = require "lofty.runtime.curl.scheduler"

local error = error
local current, suspend, enqueue = scheduler.current, scheduler.suspend, scheduler.enqueue

local LONGEST_WAIT = 60 -- seconds of one step; it ends earlier as soon as something happens

-- Makes the next item a task, if there is one.
local function start(items)
  local index = not items.interruption and items:next()
  if not index then return end
  items.active = items.active + 1
  scheduler.add { fn = items.fn, item = items.list[index], index = index, ended = items.ended, dropped = items.dropped }
end

-- A task has ended, or was dropped before it began.
local function leave(items)
  items.active = items.active - 1
  start(items)
  local waiter = items.waiter
  if waiter then
    items.waiter = nil
    enqueue(waiter)
  end
end

-- Waits until every item has ended: as a task among tasks, or by running the scheduler here.
local function wait(items)
  while items.active > 0 do
    local task = current()
    if task then
      items.waiter = task
      suspend(task)
    else
      local ok, value = scheduler.step_for_tasks(LONGEST_WAIT)
      if not ok then items.interruption = { value = value } end
    end
    if not items.interruption then items:report() end
  end
end

--- Calls fn(item, index) for each item; see `lofty.runtime.map` for the arguments and results.
-- What a signal handler raises meanwhile is raised once all that has begun has ended.
return function(list, fn, opt)
  local items = items_of(list, fn, opt)
  items.active = 0
  items.dropped = function() return items.stopped end
  items.ended = function(task, ...)
    if task.co then items:settle(task.index, ...) end
    items.interruption = items.interruption or scheduler.interruption()
    leave(items)
  end
  for _ = 1, items.concurrency do start(items) end
  wait(items)
  if items.interruption then error(items.interruption.value, 0) end
  local results, errors = items:outcome()
  return results, errors
end
