--- The one scheduler of a Lua state: tasks, timers, and the transfers of one libcurl multi handle.
--
-- A task is a coroutine that `map` started. It is suspended while it waits, and the scheduler resumes it; what
-- waits outside of a task, or where it may not yield, waits in place. Then it runs the scheduler meanwhile, unless
-- it holds a lock: a task that were resumed on top of it and waited for that lock would keep it from ever returning.
-- @module lofty.runtime.curl.scheduler

local curl = require "lofty.curl"
local timers = require "lofty.runtime.curl.timers"
local may_yield = require "lofty.runtime.curl.may_yield"

local coroutine, pairs, pcall, setmetatable = coroutine, pairs, pcall, setmetatable
local create, resume, running, status, yield =
  coroutine.create, coroutine.resume, coroutine.running, coroutine.status, coroutine.yield
local monotonic = curl.monotonic

local scheduler = {}

local PUMP = 1         -- seconds that one wait for I/O may take at most; a Ctrl-C is noticed between two
local MAX_DEPTH = 40   -- tasks resumed on top of one another; Lua allows some 200 C calls

local multi            -- made when first needed
local free, free_count = {}, 0        -- slots at rest
local last_id = 0
local tasks, task_count = {}, 0       -- coroutine -> task
local waiting = {}                    -- id of a transfer -> the task that waits for it
local sleeping = timers.new()
local ready, ready_first, ready_last = {}, 1, 0
local depth = 0
local MAIN = {}                       -- stands for the main thread, which 5.1 calls nil
local sections = setmetatable({}, { __mode = "k" }) -- coroutine -> how many calls of `ensure` it is in

local function enqueue(task)
  ready_last = ready_last + 1
  ready[ready_last] = task
end

-- The task that runs now and may yield here, or nil.
local function current()
  if task_count == 0 then return nil end
  local co = running()
  local task = co and tasks[co]
  if task and may_yield() then return task end
  return nil
end

-- True when a wait in place may do I/O and timers only: a coroutine on this C stack is in a call of `ensure`, and a
-- task resumed on top of it that waited for what it holds would keep it from ever returning.
local function io_only()
  if task_count == 0 or depth >= MAX_DEPTH then return true end
  for co in pairs(sections) do
    if co == MAIN or status(co) ~= "suspended" then return true end
  end
  return false
end

local function open()
  if not multi then multi = curl.multi() end
  return multi
end

-- Suspends a task until it is put among the ready.
local function suspend(task)
  task.suspended = true
  yield()
end

-- Makes a task ready at a time. Returns what `wake` takes to make it ready before.
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

-- Does I/O and timers, for at most `seconds`; tasks that can go on are put among the ready.
local function pump(seconds)
  local now = monotonic()
  local due = sleeping:first()
  if due and due - now < seconds then seconds = due - now end
  if seconds > PUMP then seconds = PUMP end
  if open():wait(seconds) then
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
  if due then
    now = monotonic()
    local wait = sleeping:take(now)
    while wait do
      wake(wait)
      wait = sleeping:take(now)
    end
  end
end

local function after(task, ok, ...)
  depth = depth - 1
  if status(task.co) == "dead" then
    tasks[task.co] = nil
    task_count = task_count - 1
    local releases = task.releases -- left by `ensure` when the task raised in it
    if releases then
      for i = #releases, 1, -1 do pcall(releases[i]) end
    end
    task.ended(task, ok, ...)
  elseif not task.suspended then
    enqueue(task) -- it yielded by itself: a way to let the others run
  end
end

local function run(task)
  if not task.co then
    if task.dropped() then return task.ended(task) end
    local co = create(task.fn)
    task.co = co
    tasks[co] = task
    task_count = task_count + 1
    depth = depth + 1
    return after(task, resume(co, task.item, task.index))
  end
  task.suspended = false
  depth = depth + 1
  return after(task, resume(task.co))
end

--- Runs what is ready; if nothing is, waits for I/O or a timer, for at most `seconds`.
function scheduler.step(seconds)
  if ready_first > ready_last then pump(seconds) end
  local last = ready_last -- those that become ready meanwhile have their turn in the next step
  while ready_first <= last and ready_first <= ready_last do
    local task = ready[ready_first]
    ready[ready_first] = nil
    ready_first = ready_first + 1
    run(task)
  end
end
local step = scheduler.step

--- Adds a task: fn(item, index) in a coroutine of its own.
-- `ended(task, ok, ...)` is told its results, or its error; `dropped()` says whether it shall not begin after all.
-- @tparam table task item, index, fn, ended, dropped
function scheduler.add(task)
  enqueue(task)
end

scheduler.current, scheduler.suspend, scheduler.enqueue = current, suspend, enqueue
scheduler.suspend_until, scheduler.wake = suspend_until, wake

--- One wait of code that may not yield: runs the tasks meanwhile, or only I/O and timers where they must not run.
-- Returns early when something has happened.
-- @tparam number seconds
function scheduler.wait_in_place(seconds)
  if io_only() then pump(seconds) else step(seconds) end
end
local wait_in_place = scheduler.wait_in_place

--- A slot to send a request with: { id, transfer }.
function scheduler.acquire()
  if free_count > 0 then
    local slot = free[free_count]
    free[free_count] = nil
    free_count = free_count - 1
    return slot
  end
  last_id = last_id + 1
  return { id = last_id, transfer = open():transfer() }
end

--- Gives a slot back, so that the next request uses it.
local function release(slot)
  free_count = free_count + 1
  free[free_count] = slot
end
scheduler.release = release

-- Waits until a slot's transfer has ended, where others can go on meanwhile.
local function await(slot)
  local task = current()
  if task then
    waiting[slot.id] = task
    suspend(task)
  elseif not io_only() then
    local transfer = slot.transfer
    while not transfer:done() do step(PUMP) end
  end
end

--- Waits until a slot's transfer has ended, and gives the slot back.
-- @return what the transfer came to, see `result` in lcurl.c
function scheduler.finish(slot)
  if task_count > 0 then await(slot) end
  local transfer = slot.transfer
  local code, headers, body, reused, elapsed, head = transfer:result()
  while code == false do code, headers, body, reused, elapsed, head = transfer:result() end
  release(slot)
  return code, headers, body, reused, elapsed, head
end

--- Waits for a time.
function scheduler.sleep(seconds)
  local till = monotonic() + seconds
  local task = current()
  if task then
    suspend_until(task, till)
    suspend(task)
    return
  end
  local left = seconds
  while left > 0 do
    wait_in_place(left)
    left = till - monotonic()
  end
end

--- The running coroutine enters a call of `ensure`; see `io_only`.
function scheduler.begin_io_only()
  local co = running() or MAIN
  sections[co] = (sections[co] or 0) + 1
end

--- The running coroutine leaves it.
function scheduler.end_io_only()
  local co = running() or MAIN
  local count = sections[co] - 1
  sections[co] = count > 0 and count or nil
end

--- Closes all connections, unless something still runs. The next request opens anew.
-- @treturn boolean whether it was done
function scheduler.close()
  if not multi then return true end
  if task_count > 0 or depth > 0 then return false end
  for i = 1, free_count do
    free[i].transfer:close()
    free[i] = nil
  end
  free_count = 0
  multi:close()
  multi = nil
  return true
end

return scheduler
