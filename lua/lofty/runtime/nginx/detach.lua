-- SPDX-License-Identifier: MIT

--- Runs a function apart from the request that asked for it, so that a client that disconnects can't stop it.
-- `call` waits for its end, `later` does not.
--
-- Jobs are put into a queue, and one timer, the queue's worker, starts a light thread for each. A timer for each job
-- would not work: above lua_max_running_timers (256) nginx drops timers without an error, after ngx.timer.at returned
-- true. There is a queue for each configuration block, since a timer runs under the settings of the block that created
-- it, and a job must verify certificates by its own block's lua_ssl_trusted_certificate.
-- @module lofty.runtime.nginx.detach

local ngx = ngx -- luacheck: globals ngx
local semaphore = require "ngx.semaphore"
local block = require("lofty.internal.nginx_tls").block
local clock = require "lofty.runtime.nginx.clock"
local errors = require "lofty.errors"
local limits = require("lofty.core").limits
local phase = require "lofty.runtime.nginx.phase"

local timer_at, spawn, get_phase, ngx_sleep = ngx.timer.at, ngx.thread.spawn, ngx.get_phase, ngx.sleep
local log, ERR, WARN = ngx.log, ngx.ERR, ngx.WARN
local new_semaphore, monotonic = semaphore.new, clock.monotonic
local error, pcall, select, tostring, unpack = error, pcall, select, tostring, unpack
local format, min = string.format, math.min
local running, setmetatable = coroutine.running, setmetatable

-- nginx frees what a timer's threads have used only when the timer ends: after so many jobs a new one takes over.
local JOBS_PER_WORKER = 256
-- A timer that has not started after so many seconds was dropped by nginx: ask for another.
local START_TIMEOUT = 1
-- Seconds that an idle worker waits at a time while its jobs run; a new job or the end of one wakes it.
local IDLE_WAIT = 60

local queues = {} -- configuration block -> queue
local in_job = setmetatable({}, { __mode = "k" }) -- coroutine -> true while it runs a job

local detach = {}

local function pack(...)
  return { n = select("#", ...), ... }
end

local Queue = {}
Queue.__index = Queue

-- The queue of the configuration block that applies here.
local function queue_here()
  local here = block()
  local queue = queues[here]
  if not queue then
    -- jobs[first .. last], first in, first out. A job holds its arguments 1 .. n, `fn` and, when a caller waits,
    -- `done`, which is posted at its end.
    queue = setmetatable({
      jobs = {}, first = 1, last = 0,
      worker = nil,       -- { wake =, active =, started =, turns =, is_lost = } while one runs
      requested_at = nil, -- when a timer was created that has not started yet
    }, Queue)
    queues[here] = queue
  end
  return queue
end

-- Keeps the results for the caller. When no caller waits any more, a failure is logged.
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

local function run(job, worker)
  local thread = running()
  in_job[thread] = true
  finish(job, pcall(job.fn, unpack(job, 1, job.n)))
  in_job[thread] = nil
  worker.active = worker.active - 1
  worker.wake:post()
end

function Queue:push(fn, done, ...)
  local job = pack(...)
  job.fn, job.done = fn, done
  self.last = self.last + 1
  self.jobs[self.last] = job
  return job
end

function Queue:pop()
  local job = self.jobs[self.first]
  self.jobs[self.first] = nil
  self.first = self.first + 1
  if self.first > self.last then self.first, self.last = 1, 0 end
  return job
end

-- Starts jobs as they come, until none is left or this worker has started its maximum.
function Queue:work(worker)
  while true do
    while self.first <= self.last do
      if worker.started == JOBS_PER_WORKER then return end
      local job = self:pop()
      if not job.given_up then
        job.started, job.worker = true, worker
        worker.active, worker.started = worker.active + 1, worker.started + 1
        spawn(run, job, worker)
      end
    end
    if worker.active == 0 then return end
    worker.wake:wait(IDLE_WAIT)
    worker.turns = worker.turns + 1
  end
end

-- Whether a worker waits for its semaphore. One that does not runs just now, or was woken and will run before the next
-- timer, or was ended: ngx.exit in a job ends all light threads of its timer.
local function is_waiting(worker)
  return worker.wake:count() < 0
end

local function was_ended(worker)
  if is_waiting(worker) then return false end
  local turns = worker.turns
  worker.wake:post()
  ngx_sleep(0.001)
  return worker.turns == turns and not is_waiting(worker)
end

-- A premature timer, at the end of nginx's worker process, still does its jobs. Threads that still run when this
-- returns keep the timer alive until they end.
local function on_timer(_, self)
  self.requested_at = nil
  local last = self.worker
  if last then
    if not was_ended(last) or self.worker ~= last then return end
    last.is_lost = true
    log(ERR, "lofty: what ran after or apart from its request was ended by ngx.exit, which is for requests only")
  end
  local worker = { wake = new_semaphore(0), active = 0, started = 0, turns = 0, is_lost = false }
  self.worker = worker
  local ok, problem = pcall(self.work, self, worker)
  if self.worker == worker then self.worker = nil end
  if self.first <= self.last then self:ensure_worker() end
  if not ok then error(problem, 0) end
end

-- Wakes the worker, or creates the timer that becomes one, if the worker is not there or was ended.
function Queue:ensure_worker()
  local worker = self.worker
  if worker then
    local waits = is_waiting(worker)
    worker.wake:post()
    if waits then return true end
  end
  local now = monotonic()
  if self.requested_at and now - self.requested_at < START_TIMEOUT then return true end
  local ok, why = timer_at(0, on_timer, self)
  if not ok then return worker and true or nil, why end
  self.requested_at = now
  return true
end

-- Waits for the job's end. nginx may refuse or drop a timer when there are too many: then asks again.
function Queue:wait(job, timeout)
  local deadline = monotonic() + timeout
  local requested, why = self:ensure_worker()
  while true do
    local left = deadline - monotonic()
    if left <= 0 then
      job.given_up = true
      return nil, requested and "too many timers run" or why
    end
    local ended, problem = job.done:wait(min(left, START_TIMEOUT))
    if ended then return true end
    if problem ~= "timeout" or job.started and job.worker.is_lost then
      job.given_up = true
      return nil, problem
    end
    requested, why = self:ensure_worker()
  end
end

--- Calls fn(...) apart from this request and waits for its end.
--
-- Give fn what it needs as arguments: when the request is aborted, the local variables of its functions read as nil.
-- fn has no ngx.ctx and no ngx.req.
-- @tparam number timeout seconds; after that the caller goes on without the result, and fn runs to its end
-- @tparam function fn
-- @param ... its arguments
-- @return what fn returns; raises what it raises; nil, err when there was no result in time
function detach.call(timeout, fn, ...)
  local may, refused = phase.may_wait()
  if not may then return nil, refused end
  if in_job[running()] and get_phase() == "timer" then return fn(...) end
  local queue = queue_here()
  local job = queue:push(fn, new_semaphore(0), ...)
  local ended, why = queue:wait(job, timeout)
  if phase.is_refusal(why) then return phase.refuse() end
  if ended then
    if job.raised then error(job.problem, 0) end
    return unpack(job.results, 1, job.results.n)
  end
  if job.started and job.worker.is_lost then
    return nil, errors.new {
      kind = "invalid", sent = true, connected = true,
      message = "the function did not return: ngx.exit was called in it, or in one that ran beside it, and ended both",
    }
  end
  local message = job.started and "it is still running" or "it has not started: " .. why
      .. " (see lua_max_running_timers and lua_max_pending_timers in nginx.conf)"
  return nil, errors.new {
    kind = "timeout", sent = job.started or false, connected = job.started or false,
    message = format("no result within %g s, %s", timeout, message),
  }
end

--- Calls fn(...) soon, apart from this request, without waiting for it. What it raises goes to the error log.
-- @tparam function fn
-- @param ... its arguments
-- @treturn boolean false when the queue is full or no timer can be created
function detach.later(fn, ...)
  local queue = queue_here()
  if queue.last - queue.first >= limits.worker_queue or not queue:ensure_worker() then return false end
  queue:push(fn, nil, ...) -- the worker can't run before this code ends or waits
  return true
end

return detach
