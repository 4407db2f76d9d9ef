-- SPDX-License-Identifier: MIT

--- Calls a function for each item of a list, many at once in one thread.
-- @module lofty.runtime.curl.map

local items_of = require("lofty.runtime.map").items
local scheduler = require "lofty.runtime.curl.scheduler"

local error = error
local add, current, enqueue, suspend = scheduler.add, scheduler.current, scheduler.enqueue, scheduler.suspend

local LONGEST_WAIT = 60 -- seconds of one step; it ends earlier as soon as something happens

-- An item has ended, or a worker: wakes who waits in `wait`, if it has something to do.
local function notify(items)
  local waiter = items.waiter
  if waiter and (items.on_progress or items.active == 0) then
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
  items.active = items.concurrency
  for _ = 1, items.concurrency do add { fn = work, ended = ended, items = items } end
  wait(items)
  if items.interruption then error(items.interruption.value, 0) end
  local results, errors = items:outcome()
  return results, errors
end
