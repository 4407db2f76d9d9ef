-- SPDX-License-Identifier: MIT

--- A runtime without a network: a clock that specs set, and a function that returns responses.
local fake = {}

local Runtime = {}
Runtime.__index = Runtime

function Runtime:request(request)
  self.requests[#self.requests + 1] = request
  local res, err = self.answer(request, #self.requests)
  return res, err
end

-- Inside `together` a sleep yields to the other tasks; elsewhere it only advances the clock.
function Runtime:sleep(seconds)
  if self.running then coroutine.yield(seconds) else self.time = self.time + seconds end
end

function Runtime:now() return self.time + self.skew end
function Runtime:monotonic() return self.time end
--- Inside `together` a wait ends when the event is set; elsewhere it only advances the clock.
function Runtime:event()
  local event = { is_set = false }
  function event.wait(_, seconds)
    if event.is_set or seconds <= 0 then return event.is_set end
    if self.running then coroutine.yield(seconds, event) else self.time = self.time + seconds end
    return event.is_set
  end
  function event.set()
    event.is_set = true
    for _, one in ipairs(self.waiting or {}) do
      if one.event == event then one.at, one.event = self.time, nil end
    end
  end
  return event
end

-- Lua 5.1 can't yield across pcall: there `together` releases when fn raises.
local PCALL_YIELDS = require "lofty.internal.pcall_yields"

local function finish(release, ok, ...)
  release()
  if not ok then error((...), 0) end
  return ...
end

function Runtime:ensure(release, fn, ...)
  if PCALL_YIELDS or not self.running then return finish(release, pcall(fn, ...)) end
  local releases = self.running.releases
  releases[#releases + 1] = release
  local function leave(...)
    releases[#releases] = nil
    release()
    return ...
  end
  return leave(fn(...))
end

function Runtime.detach(_, _, fn, ...) return fn(...) end
function Runtime.close() end

--- Runs functions concurrently: each wait yields, and they continue in the order of their times. Raises the first error
-- of a function after all have ended.
function Runtime:together(functions)
  local waiting = {}
  for i, fn in ipairs(functions) do
    waiting[i] = { at = self.time, order = i, thread = coroutine.create(fn), releases = {} }
  end
  local order, raised = #waiting, nil
  self.waiting = waiting
  while #waiting > 0 do
    table.sort(waiting, function(a, b) return a.at < b.at or a.at == b.at and a.order < b.order end)
    local first = table.remove(waiting, 1)
    if first.at > self.time then self.time = first.at end
    self.running = first
    local ok, seconds, event = coroutine.resume(first.thread)
    self.running = nil
    if not ok then
      for i = #first.releases, 1, -1 do first.releases[i]() end
      raised = raised or { seconds }
    end
    if coroutine.status(first.thread) ~= "dead" then
      order = order + 1
      first.at, first.order, first.event = self.time + seconds, order, event
      waiting[#waiting + 1] = first
    end
  end
  if raised then error(raised[1], 0) end
end

--- @tparam function answer (request, number) -> res | nil, err
function fake.new(answer)
  return setmetatable({ time = 1000000, skew = 0, requests = {}, answer = answer }, Runtime)
end

--- A JSON response.
function fake.json(status, body, headers)
  local all = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = status, headers = all, body = body, reused = false, elapsed = 0 }
end

return fake
