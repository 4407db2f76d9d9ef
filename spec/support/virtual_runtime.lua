-- SPDX-License-Identifier: MIT

--- A runtime with a virtual clock: when all coroutines sleep, the clock advances to the next one that wakes.
--
-- So an hour of waiting takes milliseconds, and every run gives the same result.
-- @module spec.support.virtual_runtime

local virtual = {}

local methods = {}
methods.__index = methods

--- `monotonic` starts from 0; `now` is `epoch` more.
function virtual.new()
  return setmetatable({ time = 0, epoch = 1700000000, sleepers = {}, count = 0, sleeps = 0 }, methods)
end

function methods:monotonic() return self.time end
function methods:now() return self.epoch + self.time end

function methods:sleep(seconds)
  assert(seconds >= 0, "a negative sleep")
  self.sleeps = self.sleeps + 1
  coroutine.yield(self.time + seconds)
end

local function resume(self, thread, ...)
  local ok, deadline = coroutine.resume(thread, ...)
  if not ok then error(deadline .. "\n" .. debug.traceback(thread), 0) end
  if coroutine.status(thread) == "dead" then return end
  self.count = self.count + 1
  self.sleepers[#self.sleepers + 1] = { at = deadline, order = self.count, thread = thread }
end

--- Starts fn(...) at once, up to its first sleep; `run` continues it.
function methods:spawn(fn, ...)
  local thread = coroutine.create(fn)
  resume(self, thread, ...)
  return thread
end

--- Drops a sleeping coroutine, as nginx does when the client of a request disconnects.
function methods:kill(thread)
  for i, sleeper in ipairs(self.sleepers) do
    if sleeper.thread == thread then return table.remove(self.sleepers, i) end
  end
  error("kill: the coroutine is not sleeping")
end

--- Advances the clock until no coroutine sleeps, or up to `till`.
function methods:run(till)
  while #self.sleepers > 0 do
    local best = 1
    for i = 2, #self.sleepers do
      local one, other = self.sleepers[i], self.sleepers[best]
      if one.at < other.at or one.at == other.at and one.order < other.order then best = i end
    end
    if till and self.sleepers[best].at > till then break end
    local sleeper = table.remove(self.sleepers, best)
    if sleeper.at > self.time then self.time = sleeper.at end
    resume(self, sleeper.thread)
  end
  if till and till > self.time then self.time = till end
end

return virtual
