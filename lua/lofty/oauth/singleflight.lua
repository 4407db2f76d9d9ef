-- SPDX-License-Identifier: MIT

--- Runs one refresh of a token at a time in this process; the other callers wait for its result.
--
-- A flight is identified by its place (the store, or the cache of a client without one) and the token's key, so that
-- all clients of one account share it, also those of different application objects.
-- @module lofty.oauth.singleflight

local errors = require "lofty.errors"

local setmetatable = setmetatable
local max, min = math.max, math.min

-- place -> key -> the flight under way
local under_way = setmetatable({}, { __mode = "k" })

local Singleflight = {}
Singleflight.__index = Singleflight

local function current(self)
  local flights = under_way[self.place]
  return flights and flights[self.key]
end

-- Makes a flight the current one. `ends`: a flight that takes longer was dropped together with its coroutine.
local function begin(self, shared)
  local flight = {
    event = self.runtime:event(), ends = self.runtime:monotonic() + self.timeout, shared = shared,
    started = false, has_result = false,
  }
  local flights = under_way[self.place]
  if not flights then
    flights = {}
    under_way[self.place] = flights
  end
  flights[self.key] = flight
  return flight
end

-- Wakes the waiters. They share the result; where there is none, because fn raised, one of them begins the next flight.
local function settle(self, flight)
  if current(self) == flight then under_way[self.place][self.key] = nil end
  flight.event:set()
end

-- Uses its arguments and no upvalues: in nginx the locals of an aborted request read as nil.
local function fly(self, flight, fn, ...)
  flight.started = true
  local function run(...)
    local value, err, cache = fn(...)
    flight.has_result, flight.value, flight.err, flight.cache = true, value, err, cache
  end
  self.runtime:ensure(function() settle(self, flight) end, run, ...)
  return flight.value, flight.err, flight.cache
end

-- Waits until no flight is under way (returns true), or one has settled whose result may be shared (returns it); nil
-- when the deadline has passed.
local function wait(self, deadline, rejected, may_share)
  local runtime = self.runtime
  while true do
    local flight, now = current(self), runtime:monotonic()
    if not flight or now >= flight.ends then return true end
    if not flight.event:wait(deadline - now) then return nil end
    -- A flight that gave up waiting for the lock may have had an earlier deadline.
    local gave_up = flight.err and flight.err.code == "locked"
    if may_share and flight.shared and flight.has_result and not gave_up
      and not (flight.value and flight.value.access_token == rejected) then
      return flight
    end
  end
end

local function run(self, deadline, leave_at, rejected, shared, fn, ...)
  local settled = wait(self, deadline, rejected, shared)
  if settled == nil then
    return nil, errors.new {
      kind = "timeout", sent = false, retryable = true,
      message = "another call of this process is still refreshing this token: try again",
    }
  end
  if settled ~= true then return settled.value, settled.err, settled.cache end
  local flight = begin(self, shared)
  local timeout = leave_at and max(0, min(self.timeout, leave_at - self.runtime:monotonic())) or self.timeout
  local value, err, cache = self.runtime:detach(timeout, fly, self, flight, fn, ...)
  -- nginx has refused to run it.
  if not flight.started then settle(self, flight) end
  return value, err, cache
end

--- Returns the result of the refresh under way, or, when there is none, of fn(...).
-- In nginx fn runs to its end even when the request that called this is aborted.
-- @tparam number deadline until when to wait for another's refresh, on the runtime's monotonic clock
-- @tparam ?number leave_at monotonic seconds: in nginx the caller returns then, and fn continues
-- @tparam ?string rejected an access token that is not accepted as a result
-- @tparam function fn returns token, err, cache
-- @param ... its arguments
-- @return what fn returned, here or for another caller (then the err is shared: copy it); nil, err of kind "timeout"
function Singleflight:run(deadline, leave_at, rejected, fn, ...)
  local token, err, cache = run(self, deadline, leave_at, rejected, true, fn, ...)
  return token, err, cache
end

--- Returns fn(...), called while no refresh is under way.
-- @tparam number deadline as for `run`
-- @tparam function fn returns two values at most
-- @param ... its arguments
-- @return what fn returned; nil, err of kind "timeout"
function Singleflight:run_alone(deadline, fn, ...)
  local value, err = run(self, deadline, nil, nil, false, fn, ...)
  return value, err
end

local singleflight = {}

--- @tparam table runtime
-- @tparam table place the store, or the cache itself where there is none
-- @tparam string key the token's key in the store
-- @tparam number timeout seconds that a flight may take at most
-- @treturn table with `run` and `run_alone`
function singleflight.new(runtime, place, key, timeout)
  return setmetatable({ runtime = runtime, place = place, key = key, timeout = timeout }, Singleflight)
end

return singleflight
