-- SPDX-License-Identifier: MIT

--- A runtime whose waits cost no real time: they move the clock of a sandbox and its own instead.
--
-- Requests are real. A wait ends at once where nothing else runs. Among the tasks of `lofty.map` the clock moves only
-- when all requests under way have ended, and to the earliest end of a wait, so that calls happen in the order, and in
-- the windows of the rate limit, in which they would happen in real time.
-- @module lofty.sandbox.clock

local coroutine, pairs, setmetatable = coroutine, pairs, setmetatable

local POLL = 0.001 -- real seconds between two looks whether the requests of other tasks have ended

local clock = {}

--- A copy of a request's headers that has the time of the box's clock, so that the emulator's follows it.
-- @tparam table box
-- @tparam ?table headers
-- @treturn table
function clock.headers(box, headers)
  local copy = {}
  for name, value in pairs(headers or {}) do copy[name] = value end
  if box.passed > 0 then copy["X-Sandbox-Clock"] = ("%.6f"):format(box.offset) end
  return copy
end

local function is_of(box, url)
  for _, own in pairs { box.url, box.tls_url } do
    if url:sub(1, #own + 1) == own .. "/" then return true end
  end
  return false
end

local methods = {}
local metatable = { __name = "lofty.sandbox.clock" }

-- What a clock does not define is the base runtime's; none of its methods use self.
function metatable:__index(name)
  local method = methods[name]
  if method ~= nil then return method end
  return self.base[name]
end

-- True if the task of an entry (a request or a wait) can continue while the running task waits: its coroutine is
-- suspended. A task that waits in place is below the running one on the C stack, and continues only after it.
local function can_continue(entry)
  return entry.co ~= nil and coroutine.status(entry.co) == "suspended"
end

-- True when the clock may move to the end of this wait: no request and no earlier wait can end before it.
local function is_next(self, entry)
  for request in pairs(self.requests) do
    if can_continue(request) then return false end
  end
  for other in pairs(self.sleepers) do
    if other ~= entry and other.ends < entry.ends and can_continue(other) then return false end
  end
  return true
end

--- Seconds since 1970 on the sandbox's clock.
function methods:now() return self.base:now() + self.box.offset end

--- Seconds on a clock that also counts what was waited for.
function methods:monotonic() return self.base:monotonic() + self.box.passed end

--- Moves the clocks to the end of the wait, instead of waiting.
-- @tparam number seconds
-- @treturn boolean true
function methods:sleep(seconds)
  local entry = { ends = self:monotonic() + seconds, co = coroutine.running() }
  self.sleepers[entry] = true
  self.base:sleep(0) -- the other tasks run up to their own waits
  while self:monotonic() < entry.ends do
    if is_next(self, entry) then
      local box, left = self.box, entry.ends - self:monotonic()
      box.offset, box.passed = box.offset + left, box.passed + left
    else
      self.base:sleep(POLL)
    end
  end
  self.sleepers[entry] = nil
  return true
end

--- Sends a request; one to the sandbox carries the time of its clock.
-- @tparam table req
-- @return as the base runtime
function methods:request(req)
  if is_of(self.box, req.url) then
    local copy = {}
    for name, value in pairs(req) do copy[name] = value end
    copy.headers = clock.headers(self.box, req.headers)
    req = copy
  end
  local entry = { co = coroutine.running() }
  self.requests[entry] = true
  local res, err = self.base:request(req)
  self.requests[entry] = nil
  return res, err
end

--- Makes the runtime of a sandbox.
-- @tparam table box its `offset` (seconds between its clock and the real one) and `passed` (seconds that were waited
-- for) are changed
-- @tparam table base the runtime that sends
-- @treturn table
function clock.runtime(box, base)
  -- Weak: what is abandoned by an error (Ctrl-C) is collected.
  local weak = { __mode = "k" }
  return setmetatable({ box = box, base = base, requests = setmetatable({}, weak), sleepers = setmetatable({}, weak) },
    metatable)
end

return clock
