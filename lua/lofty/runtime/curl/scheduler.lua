-- SPDX-License-Identifier: MIT

--- The one scheduler of a Lua state: tasks, timers, and the transfers of one libcurl multi handle.
--
-- A task is a coroutine that `map` started. It is suspended while it waits, and the scheduler resumes it. Code that
-- waits outside of a task, or where a task may not yield, waits in place: it runs the scheduler meanwhile, or only I/O
-- and timers where a task resumed on top of it could block it forever (`io_only`).
--
-- A signal handler may raise while C waits (Ctrl-C in lua.c). That interrupts every task: what is in flight is
-- cancelled, no item begins, and every further wait raises the same value, until all tasks have ended.
-- @module lofty.runtime.curl.scheduler

local slots = require "lofty.runtime.curl.slots"
local timers = require "lofty.runtime.curl.timers"
local may_yield = require "lofty.runtime.curl.may_yield"

local coroutine, error, next, pairs, pcall, setmetatable = coroutine, error, next, pairs, pcall, setmetatable
local create, resume, running, status, yield =
  coroutine.create, coroutine.resume, coroutine.running, coroutine.status, coroutine.yield
local monotonic, open = require("lofty.curl").monotonic, slots.multi

local scheduler = {}

local LONGEST_POLL = 0.15 -- seconds of one wait in C, after which a signal that came just before it is handled
local MAX_DEPTH = 40      -- tasks resumed on top of one another; Lua allows some 200 C calls

local tasks = {}                      -- task -> true, from `add` to its end
local started = {}                    -- coroutine -> task
local started_count = 0
local waiting = {}                    -- id of a transfer -> the task that waits for it
local sleeping = timers.new()
local ready, ready_first, ready_last = {}, 1, 0
local depth = 0
local interruption                    -- { value = what was raised } while interrupted tasks end
local MAIN = {}                       -- represents the main thread, for which 5.1's coroutine.running returns nil
local io_only_calls = setmetatable({}, { __mode = "k" }) -- coroutine -> how many calls of `ensure` it is in
local section_calls = setmetatable({}, { __mode = "k" }) -- coroutine -> how many sections it is in

local function enqueue(task)
  if task.queued then return end
  task.queued = true
  ready_last = ready_last + 1
  ready[ready_last] = task
end

-- The task that has been ready for the longest time, or nil. The indices begin at 1 again when the queue is empty, so
-- that Lua need not resize the table again and again.
local function dequeue()
  local task = ready[ready_first]
  if not task then return nil end
  ready[ready_first] = nil
  if ready_first == ready_last then
    ready_first, ready_last = 1, 0
  else
    ready_first = ready_first + 1
  end
  task.queued = false
  return task
end

-- The task that runs now and may yield here, or nil.
local function current()
  if started_count == 0 then return nil end
  local co = running()
  local task = co and started[co]
  if task and may_yield() then return task end
  return nil
end

-- True when a wait in place may do I/O and timers only: a coroutine on this C stack is in a call of `ensure`, and a
-- task resumed on top of it that waited for what it holds would block it forever.
local function io_only()
  if started_count == 0 or depth >= MAX_DEPTH then return true end
  for co in pairs(io_only_calls) do
    if co == MAIN or status(co) ~= "suspended" then return true end
  end
  return false
end

-- Suspends a task until it is in the queue of ready tasks.
local function suspend(task)
  task.suspended, task.waits = true, task.waits + 1
  yield()
end

-- Makes a task ready at a time. Returns a value with which `wake` can make it ready earlier.
local function suspend_until(task, at)
  local wait = { task = task }
  sleeping:add(at, wait)
  return wait
end

-- Ends a wait, unless it has ended.
local function wake(wait)
  local task = wait.task
  if task then
    wait.task = nil
    enqueue(task)
  end
end

-- A signal handler has raised `value`: resumes every task, so that each finds out that it was interrupted.
local function interrupt(value)
  if next(tasks) == nil then return end
  interruption = interruption or { value = value }
  waiting, sleeping = {}, timers.new()
  ready, ready_first, ready_last = {}, 1, 0
  for task in pairs(tasks) do
    task.queued = false
    if not task.co or status(task.co) == "suspended" then enqueue(task) end
  end
end

--- { value = what was raised } while the tasks that it interrupted end, else nil.
function scheduler.interruption() return interruption end

-- Raises in a task that was interrupted, and in code that waits in place on top of one.
local function check_interruption()
  if interruption then error(interruption.value, 0) end
end

-- Does I/O and timers, for at most `seconds`; tasks that can continue are put into the queue of ready tasks.
local function pump(seconds)
  local now = monotonic()
  local due = sleeping:first()
  if due and due - now < seconds then seconds = due - now end
  if seconds > LONGEST_POLL then seconds = LONGEST_POLL end
  local multi = open()
  local ended, raised, value = multi:wait(seconds)
  if ended then
    local id = multi:finished()
    while id do
      local task = waiting[id]
      if task then
        waiting[id] = nil
        enqueue(task)
      end
      id = multi:finished()
    end
  end
  if raised then
    interrupt(value)
    error(value, 0)
  end
  if due then
    now = monotonic()
    local wait = sleeping:take(now)
    while wait do
      wake(wait)
      wait = sleeping:take(now)
    end
  end
end

-- Enters the scheduler in `slots.active` while it has tasks or sections.
local function set_active()
  slots.active = (next(tasks) ~= nil or next(section_calls) ~= nil) and scheduler or nil
end

local function finish_task(task, ok, ...)
  if tasks[task] then
    tasks[task] = nil
    local releases = task.releases -- left by `ensure` when the task raised in it
    if releases then
      for i = #releases, 1, -1 do pcall(releases[i]) end
    end
    task.ended(task, ok, ...)
  end
  if next(tasks) == nil then
    interruption = nil
    set_active()
  end
end

local function after(task, ok, ...)
  depth = depth - 1
  if status(task.co) == "dead" then
    started[task.co] = nil
    started_count = started_count - 1
    finish_task(task, ok, ...)
  elseif not task.suspended then
    enqueue(task) -- the user's code yielded: let the other tasks run
  end
end

local function run(task)
  depth = depth + 1
  if not task.co then
    local co = create(task.fn)
    started[co] = task
    started_count = started_count + 1
    task.co = co
    return after(task, resume(co, task))
  end
  task.suspended = false
  return after(task, resume(task.co))
end

--- Runs what is ready; if nothing is, waits for I/O or a timer, for at most `seconds`.
local function step(seconds)
  if ready_first > ready_last then pump(seconds) end
  for _ = ready_first, ready_last do -- tasks that become ready meanwhile run in the next step
    local task = dequeue()
    if not task then return end -- a nested step has run them
    if tasks[task] then run(task) end
  end
end
scheduler.step = step

--- Makes the scheduler consistent again after an error out of it, and interrupts all tasks. The hook of a signal may
-- raise between any two instructions of the main thread (LuaJIT: of any coroutine), so all other
-- state is computed again from `tasks`.
-- @param value what was raised
-- @tparam ?number depth_before `scheduler.depth()` before what raised; nil if that ran in a task
function scheduler.recover(value, depth_before)
  if depth_before then depth = depth_before end
  started, started_count = {}, 0
  local dead = {}
  for task in pairs(tasks) do
    local co = task.co
    if co and status(co) == "dead" then
      dead[#dead + 1] = task
    elseif co then
      started[co] = task
      started_count = started_count + 1
    end
  end
  interrupt(value)
  for i = 1, #dead do finish_task(dead[i], false, value) end
  set_active()
end

--- How many tasks are resumed on top of one another.
function scheduler.depth() return depth end

--- The number of tasks that have this field `items`.
function scheduler.count(items)
  local number = 0
  for task in pairs(tasks) do
    if task.items == items then number = number + 1 end
  end
  return number
end

--- Adds a task: `fn(task)` in a coroutine of its own. `ended(task, ok, ...)` gets its results, or its error.
-- `task.waits` counts how often it was suspended.
-- @tparam table task fn, ended, and whatever these need
function scheduler.add(task)
  task.waits = 0
  tasks[task] = true
  set_active()
  enqueue(task)
end

scheduler.current, scheduler.suspend, scheduler.enqueue, scheduler.interrupt = current, suspend, enqueue, interrupt
scheduler.suspend_until, scheduler.wake, scheduler.check_interruption = suspend_until, wake, check_interruption

--- One wait of code that may not yield: runs the tasks meanwhile, or only I/O and timers where they must not run.
-- Returns early when something has happened.
-- @tparam number seconds
function scheduler.wait_in_place(seconds)
  if io_only() then pump(seconds) else step(seconds) end
  check_interruption()
end
local wait_in_place = scheduler.wait_in_place

--- Waits until a slot's transfer has ended, if tasks run meanwhile.
function scheduler.await(slot)
  if started_count == 0 then return end
  local task = current()
  local transfer = slot.transfer
  if task then
    waiting[slot.id] = task
    suspend(task)
  elseif not io_only() then
    while not transfer:done() and not interruption do step(LONGEST_POLL) end
  end
  if interruption then transfer:cancel() end
end

--- Waits for a time.
function scheduler.sleep(seconds)
  check_interruption()
  local till = monotonic() + seconds
  local task = current()
  if task then
    suspend_until(task, till)
    suspend(task)
    check_interruption()
    return
  end
  local left = seconds
  while left > 0 do
    wait_in_place(left)
    left = till - monotonic()
  end
end

local function count(calls, co, by)
  local number = (calls[co] or 0) + by
  calls[co] = number > 0 and number or nil
  return co
end

--- The running coroutine enters a call of `ensure`; see `io_only`.
-- @return the argument for end_io_only
function scheduler.begin_io_only()
  return count(io_only_calls, running() or MAIN, 1)
end

function scheduler.end_io_only(co)
  count(io_only_calls, co, -1)
end

--- The running coroutine enters a section: once a request in it has a response, signals are deferred to its end.
-- @return the argument for leave_section
function scheduler.enter_section()
  local raised, value = open():enter_section()
  if raised then
    interrupt(value)
    error(value, 0)
  end
  local co = count(section_calls, running() or MAIN, 1)
  set_active()
  return co
end

--- Leaves a section; raises the deferred error of a signal handler, if there is one.
function scheduler.leave_section(co)
  count(section_calls, co, -1)
  set_active()
  local raised, value = open():leave_section()
  if raised then
    interrupt(value)
    error(value, 0)
  end
end

--- Whether the running coroutine is in a section.
function scheduler.in_section()
  return section_calls[running() or MAIN] ~= nil
end

--- Whether tasks have begun and not ended.
function scheduler.is_running()
  return started_count > 0 or depth > 0
end

slots.scheduler = scheduler
return scheduler
