--- Runs a function apart from the request that asked for it, so that a client that goes away can't stop it.
-- `call` waits for its end, `later` does not.
--
-- Each worker has a queue, and a timer that starts a light thread for each job in it. Not a timer a job:
-- above lua_max_running_timers (256) nginx drops them in silence, after timer.at said yes.
-- @module lofty.runtime.nginx.detach

local ngx = ngx -- luacheck: globals ngx
local semaphore = require "ngx.semaphore"
local limits = require("lofty.core").limits
local errors = require "lofty.errors"
local clock = require "lofty.runtime.nginx.clock"
local phase = require "lofty.runtime.nginx.phase"

local timer_at, spawn, get_phase = ngx.timer.at, ngx.thread.spawn, ngx.get_phase
local log, ERR, WARN = ngx.log, ngx.ERR, ngx.WARN
local new_semaphore, monotonic = semaphore.new, clock.monotonic
local error, pcall, select, tostring, unpack = error, pcall, select, tostring, unpack
local format, min = string.format, math.min
local running, setmetatable = coroutine.running, setmetatable

-- What a timer has used is freed at its end alone: after so many jobs another one takes over.
local JOBS_A_TIMER = 256
-- A timer that has not begun after so many seconds was dropped: another one is asked for.
local OVERDUE = 1
-- How long a drain sleeps at a time while its jobs run; a new job or a job's end wakes it.
local NAP = 60

-- First in, first out: jobs[first .. last]. A job holds its arguments 1 .. n, `fn`, and, when somebody
-- waits, `done`, which is posted at its end.
local jobs, first, last = {}, 1, 0
local drain -- who takes jobs now: { wake =, active =, taken = }
local asked -- when a timer was asked for that has not begun yet
local inside = setmetatable({}, { __mode = "k" }) -- coroutine -> true while it runs a job

local detach = {}

local function pack(...)
  return { n = select("#", ...), ... }
end

-- Keeps what came out. When the caller is gone or has given up, a failure is told to the log.
local function finish(job, ok, ...)
  local done = job.done
  local unheard = not done or job.given_up or done:count() >= 0
  if ok then
    job.results = pack(...)
    local value, err = ...
    if unheard and value == nil and errors.is(err) then
      log(WARN, "lofty: failed after its request had ended: ", tostring(err))
    end
  else
    job.raised, job.problem = true, (...)
    if unheard then log(ERR, "lofty: raised after its request had ended: ", tostring((...))) end
  end
  if done then done:post() end
end

local function run(job, from)
  local thread = running()
  inside[thread] = true
  finish(job, pcall(job.fn, unpack(job, 1, job.n)))
  inside[thread] = nil
  from.active = from.active - 1
  from.wake:post()
end

local function take()
  local job = jobs[first]
  jobs[first] = nil
  first = first + 1
  if first > last then first, last = 1, 0 end
  return job
end

-- Starts jobs as they come, until none runs or this timer has had its share.
local function serve(self)
  while true do
    while first <= last do
      if self.taken == JOBS_A_TIMER then return end
      local job = take()
      if not job.given_up then
        job.started = true
        self.active, self.taken = self.active + 1, self.taken + 1
        spawn(run, job, self)
      end
    end
    if self.active == 0 then return end
    self.wake:wait(NAP)
  end
end

local summon

-- A premature timer, at a worker's end, does its jobs all the same. Threads still running when this
-- returns keep the timer alive until they end.
local function on_timer()
  asked = nil
  if drain then return end
  local self = { wake = new_semaphore(0), active = 0, taken = 0 }
  drain = self
  local ok, problem = pcall(serve, self)
  drain = nil
  if first <= last then summon() end
  if not ok then error(problem, 0) end
end

-- Sees to it that somebody looks at the queue.
function summon()
  if drain then
    drain.wake:post()
    return true
  end
  local now = monotonic()
  if asked and now - asked < OVERDUE then return true end
  local ok, why = timer_at(0, on_timer)
  if not ok then return nil, why end
  asked = now
  return true
end

local function push(fn, done, ...)
  local job = pack(...)
  job.fn, job.done = fn, done
  last = last + 1
  jobs[last] = job
  return job
end

-- Waits for the job's end. A timer may be refused or dropped when there are too many: asks again.
local function wait(job, timeout)
  local deadline = monotonic() + timeout
  local asked_well, why = summon()
  while true do
    local left = deadline - monotonic()
    if left <= 0 then
      job.given_up = true
      return nil, asked_well and "too many timers run" or why
    end
    if job.done:wait(job.started and left or min(left, OVERDUE)) then return true end
    if not job.started then asked_well, why = summon() end
  end
end

--- Calls fn(...) apart from this request and waits for its end.
--
-- What fn needs is to be handed over as arguments: the locals of a request that was aborted read as nil.
-- There is no ngx.ctx and no ngx.req in it.
-- @tparam number timeout seconds; after that the caller goes on without the result, and fn runs to its end
-- @tparam function fn
-- @param ... its arguments
-- @return what fn returns; raises what it raises; nil, err when there was no result in time
function detach.call(timeout, fn, ...)
  local may, refused = phase.may_wait()
  if not may then return nil, refused end
  if inside[running()] and get_phase() == "timer" then return fn(...) end
  local job = push(fn, new_semaphore(0), ...)
  local ended, why = wait(job, timeout)
  if ended then
    if job.raised then error(job.problem, 0) end
    return unpack(job.results, 1, job.results.n)
  end
  local message = job.started and "it still runs" or "it has not begun: " .. why
      .. " (lua_max_running_timers and lua_max_pending_timers in nginx.conf)"
  return nil, errors.new {
    kind = "timeout", sent = job.started or false, connected = job.started or false,
    message = format("no result within %g s, %s", timeout, message),
  }
end

--- Calls fn(...) soon, apart from this request, without waiting for it. What it raises goes to the error log.
-- @tparam function fn
-- @param ... its arguments
-- @treturn boolean false when there is no room for it
function detach.later(fn, ...)
  if last - first >= limits.worker_queue or not summon() then return false end
  push(fn, nil, ...) -- before anybody looks: that needs this code to end or to wait
  return true
end

return detach
