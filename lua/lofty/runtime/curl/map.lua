-- SPDX-License-Identifier: MIT

--- Calls a function for each item of a list, many at once in one thread.
-- @module lofty.runtime.curl.map

local items_of = require("lofty.runtime.map").items
local pcall_yields = require "lofty.internal.pcall_yields"
local scheduler = require "lofty.runtime.curl.scheduler"

local error, pcall = error, pcall
local add, count, current, enqueue, step, suspend =
  scheduler.add, scheduler.count, scheduler.current, scheduler.enqueue, scheduler.step, scheduler.suspend

local LONGEST_WAIT = 60 -- seconds of one step; it ends earlier as soon as something happens

-- Called when an item or a worker has ended: wakes the coroutine in `wait`, if it has something to do.
local function notify(items)
  local waiter = items.waiter
  if waiter and (items.on_progress or items.active == 0 or scheduler.interruption()) then
    items.waiter = nil
    enqueue(waiter)
  end
end

-- A worker is a task that calls fn for one item after the other. Other tasks run while fn waits, or else after it.
local function work(task)
  local items = task.items
  local fn, list = items.fn, items.list
  while not scheduler.interruption() do
    local index = items:next()
    if not index then return end
    local waits = task.waits
    task.index = index
    items:settle(index, true, fn(list[index], index))
    task.index = nil
    notify(items)
    if task.waits == waits then
      enqueue(task)
      suspend(task)
    end
  end
end

-- When fn has raised, its task has ended, and a new one takes its place.
local function ended(task, _, problem)
  local items = task.items
  if task.index then items:settle(task.index, false, problem) end
  items.interruption = items.interruption or scheduler.interruption()
  if task.index and not items.interruption then
    add { fn = work, ended = ended, items = items }
  else
    items.active = items.active - 1
  end
  notify(items)
end

-- Starts the workers that are missing, and waits until every item has ended: as a task among tasks, or by running the
-- scheduler here.
local function drive(items)
  while not items.interruption and items.workers < items.concurrency do
    items.workers, items.active = items.workers + 1, items.active + 1
    add { fn = work, ended = ended, items = items }
  end
  -- An interruption may have come between the end of a worker and its record.
  if items.interruption then items.active = count(items) end
  while items.active > 0 do
    local task = current()
    if task then
      items.waiter = task
      suspend(task)
    else
      step(LONGEST_WAIT)
    end
    if items.interruption or scheduler.interruption() then
      items.active = count(items)
    else
      items:report()
    end
  end
end

--- Calls fn(item, index) for each item; see `lofty.runtime.map` for the arguments and results.
-- What a signal handler raises meanwhile is raised once all that has begun has ended.
return function(list, fn, opt)
  local items = items_of(list, fn, opt)
  items.workers, items.active = 0, 0
  local task = current()
  if task and not pcall_yields then
    drive(items) -- there no hook of the main thread runs in a task
  else
    local depth = not task and scheduler.depth() or nil
    repeat
      local ok, value = pcall(drive, items)
      if not ok then
        items.interruption = items.interruption or { value = value }
        scheduler.recover(value, depth)
      end
    until ok
  end
  if items.interruption then error(items.interruption.value, 0) end
  local results, errors = items:outcome()
  return results, errors
end
