--- A runtime whose time is an idea: coroutines sleep, and the clock jumps to the next one that wakes.
--
-- An hour of pacing takes milliseconds, and every run is the same.
-- @module spec.support.virtual

local virtual = {}

local methods = {}
methods.__index = methods

--- @tparam[opt] number epoch what `now` starts from; `monotonic` starts from 0
function virtual.new(epoch)
  return setmetatable({ time = 0, epoch = epoch or 1700000000, sleepers = {}, count = 0, sleeps = 0 }, methods)
end

function methods:monotonic() return self.time end
function methods:now() return self.epoch + self.time end

function methods:sleep(seconds)
  assert(seconds >= 0, "a sleep of less than nothing")
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

--- Starts fn(...) at once; it goes on while `run` runs.
function methods:spawn(fn, ...)
  local thread = coroutine.create(fn)
  resume(self, thread, ...)
  return thread
end

--- Forgets a coroutine in the middle, as nginx does with a request whose client went away.
function methods:kill(thread)
  for i, sleeper in ipairs(self.sleepers) do
    if sleeper.thread == thread then return table.remove(self.sleepers, i) end
  end
  error("it does not sleep")
end

--- Lets time pass until nobody sleeps any more, or until `till`.
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
