--- Paces calls to the budget of an application, so that the server has no reason to answer 429.
--
-- One limiter serves all clients of an application. Whoever is about to call asks `acquire`, which waits, first in
-- first out, until there is room; whoever got an answer tells `observe`, which learns. The limit is the one told at
-- `new`, never raised by what the server says, or else the largest that any answer has named: until the first
-- answer nothing is paced. An operation whose answers name a smaller one has a budget of its own besides.
--
-- Without a store it counts in this Lua state alone, in a sliding window. With a store that can `take`, all
-- processes of all machines share one budget; while the store fails this one counts alone.
-- @module lofty.pacing.limiter

local limits = require("lofty.core").limits
local errors = require "lofty.errors"
local jitter = require "lofty.pacing.jitter"
local misuse = require "lofty.internal.misuse"
local window = require "lofty.pacing.window"

local pairs, setmetatable, type = pairs, setmetatable, type
local find, gsub = string.find, string.gsub
local floor, max, min = math.floor, math.max, math.min

-- Windows of ours are this much longer than the server's: what was sent first can arrive late and what was sent a
-- window later early, so that the server sees them closer together than we do. Costs one per cent of the budget.
local SLACK = 1.01
-- Seconds for which a store that failed is left alone.
local PAUSE = 1
-- A 429 that names no time, or one that is over: not at once again.
local LEAST = 1
-- Never ask the store more often than this while it says no.
local TICK = 0.005
-- Closer than this is now: no timer is that fine.
local CLOSE = 0.0001
-- Those who wait for the same moment start this far apart, in the order of coming, but all within SPREAD.
local STEP, SPREAD = 0.0001, 0.25
-- Waits whose ends are at most this far apart are reported to on_wait as one.
local SAME_WAIT = 1
-- An operation's budget that was not used for so many seconds may be forgotten.
local FORGET_AFTER = 3600

local methods = {}
local metatable = { __name = "lofty.limiter", __index = methods }

local limiter = {}

-- A budget: the application's, or one operation's.
local function budget(self, key, limit, now)
  return {
    key = key,
    limit = limit,
    window = window.new(self.span * SLACK, limit),
    gate = -math.huge, -- with a store: not to be asked before
    alone = -math.huge, -- the store failed: count alone until
    came = 0, -- numbers of those who came, and of the last one who went
    went = 0,
    used = now, -- when it was last used; of an operation's budget
  }
end

-- No function from here to the runtime may make a tail call or wait inside an iterator: Lua 5.1 and 5.2 could not
-- yield.

-- Adds a wait to a client's counters. `waited` is wall time: waits that overlap count once. They are added as they
-- begin, so each adds only what lies after the end of those before it.
local function count_wait(counts, now, seconds)
  local begins, ends = max(now, counts.wait_ends or now), now + seconds
  if ends > begins then
    counts.waited = counts.waited + ends - begins
    counts.wait_ends = ends
  end
end

-- Tells on_wait; once for all calls that wait for about the same moment.
local function announce(self, operation, seconds, now)
  local ends = now + seconds
  if not self.on_wait or ends <= self.announced + SAME_WAIT then return end
  self.announced = ends
  self.on_wait {
    seconds = seconds, ends_at = self.runtime:now() + seconds, operation = operation,
    reason = now < self.refused and "429" or "budget",
  }
end

-- Waits, for the caller's deadline at most. Returns false where this runtime cannot wait (a phase of nginx): the call
-- then goes out at once rather than asking again in an endless loop.
local function wait(self, operation, seconds, now, opt)
  if opt and opt.ends_at then seconds = max(0, min(seconds, opt.ends_at - now)) end
  announce(self, operation, seconds, now)
  if opt and opt.counts then count_wait(opt.counts, now, seconds) end
  local _, err = self.runtime:sleep(seconds)
  return err == nil
end

-- Whether a call has to give up because its turn comes after its deadline.
local function is_too_late(opt, at)
  return opt ~= nil and opt.ends_at ~= nil and at > opt.ends_at
end

-- A call that holds a place in an operation's budget and waits for the application's goes that much later in both.
local function delay(own, held, now, at)
  local earliest = held and own.window:moment(held)
  if earliest and at - earliest > CLOSE then own.window:delay(now, held, at) end
end

-- Waits for a place among this Lua state's own calls. Returns the place, and the time after a wait if there was one; or
-- nil and the seconds that were missing.
local function pass_alone(self, now, each, operation, opt, own, held)
  local runtime, places = self.runtime, each.window
  if opt then
    local earliest = places:earliest(now)
    if is_too_late(opt, earliest) then return nil, earliest - now end
  end
  local place, at = places:reserve(now)
  if at - now <= CLOSE then return place end
  local slept
  repeat
    if is_too_late(opt, at) then return nil, at - now end
    delay(own, held, now, at)
    local waited = wait(self, operation, at - now, now, opt)
    now = runtime:monotonic()
    if not waited then break end
    slept, at = now, places:moment(place) or now
  until at - now <= CLOSE
  if now - at > CLOSE then places:delay(now, place, now) end
  return place, slept
end

-- Waits for the store to count the call. One refusal holds for all who wait here: they ask again, in the order in
-- which they came, when the time that it named is over. Returns as pass_alone.
local function pass_shared(self, now, each, operation, opt, own, held)
  local runtime, store = self.runtime, self.store
  local number = each.came + 1
  each.came = number
  local slept
  while each.limit and now >= each.alone do
    if each.gate - now > CLOSE then
      if is_too_late(opt, each.gate) then return nil, each.gate - now end
      local turn = max(0, min(SPREAD, (number - each.went - 1) * STEP))
      local waited = wait(self, operation, each.gate - now + turn, now, opt)
      now = runtime:monotonic()
      if not waited then break end
      slept = now
    else
      local seconds, err = store:take(each.key, each.limit, self.span * SLACK)
      now = runtime:monotonic()
      if seconds == 0 then
        if number > each.went then each.went = number end
        -- Noted here too, for the time when the store is gone.
        return each.window:reserve(now), slept
      elseif seconds then
        -- The store is not the server: what the server said of its window's end counts where it is later.
        local ends = now + max(TICK, min(self.span * SLACK, seconds)) + jitter() * TICK
        each.gate = max(each.gate, ends)
      else
        each.alone = now + PAUSE
        if self.on_error then self.on_error(err) end
      end
    end
  end
  if number > each.went then each.went = number end
  local place, again = pass_alone(self, now, each, operation, opt, own, held)
  return place, again or slept
end

-- The name of an operation's budget: a path that is written out with its ids has the budget of its template.
local function budget_name(operation)
  if not find(operation, "/", 1, true) then return operation end
  return (gsub(operation, "/%d+%f[^%w._~%-]", "/{}"))
end

-- The budget that an operation has of its own, or nil.
local function budget_of(self, operation)
  if not operation or self.count == 0 then return nil end
  return self.operations[budget_name(operation)]
end

--- Waits until there is room for one call.
-- @tparam[opt] string operation
-- @tparam[opt] table opt `ends_at` (monotonic seconds: give up at once when the turn comes later), `counts` (a client's
--   counters, for `waited`)
-- @treturn[1] number seconds waited, 0 if there was room
-- @treturn[2] nil
-- @treturn[2] number seconds until there would have been room
function methods:acquire(operation, opt)
  local began, pass = self.runtime:monotonic(), self.pass
  -- The smaller budget first: a call that waits for it holds no place in the larger one.
  local own = budget_of(self, operation)
  if not own then
    local place, slept = pass(self, began, self.app, operation, opt)
    if not place then return nil, slept end
    return slept and slept - began or 0
  end
  own.used = began
  local place, first = pass(self, began, own, operation, opt)
  if not place then return nil, first end
  local second_place, second = pass(self, self.runtime:monotonic(), self.app, operation, opt, own, place)
  if not second_place then return nil, second end
  local now = self.runtime:monotonic()
  delay(own, place, now, now)
  return (first or second) and now - began or 0
end

local function set_limit(each, now, limit)
  each.limit = limit
  each.window:set_limit(now, limit)
end

-- Makes room for one more budget: removes those that were not used for FORGET_AFTER, and the least recently used one
-- when there are still too many.
local function make_room(self, now)
  local operations, oldest = self.operations, nil
  for name, each in pairs(operations) do
    if now - each.used > FORGET_AFTER then
      operations[name], self.count = nil, self.count - 1
    elseif not oldest or each.used < operations[oldest].used then
      oldest = name
    end
  end
  if self.count >= limits.operation_budgets then operations[oldest], self.count = nil, self.count - 1 end
end

-- The budget that an answer speaks of: the operation's own where the limit that it names is below the
-- application's, else the application's. Learns the limit on the way.
local function subject(self, operation, limit, now)
  local app = self.app
  if not limit or limit < 1 then return app end
  if not app.limit or not self.told and limit > app.limit then set_limit(app, now, limit) end
  if not operation then return app end
  local name = budget_name(operation)
  local own = self.operations[name]
  if limit >= app.limit then
    if own then self.operations[name], self.count = nil, self.count - 1 end
    return app
  end
  if own then
    own.used = now
    if own.limit ~= limit then set_limit(own, now, limit) end
  else
    make_room(self, now)
    own = budget(self, self.key .. "/" .. name, limit, now)
    own.window:reserve(now) -- the call that was just answered
    self.operations[name], self.count = own, self.count + 1
  end
  return own
end

-- Nobody goes on this budget for so many seconds.
local function close(each, now, seconds)
  each.gate = max(each.gate, now + seconds)
  each.window:close(now, now + seconds)
end

--- Learns from an answer. A 429 makes all who share the budget wait for the window's end; so does an answer that
-- says nothing remains.
-- @tparam[opt] string operation
-- @tparam table rate what `lofty.http.rate_headers` read: limit, remaining, reset_at
-- @tparam number status the HTTP status
-- @tparam[opt] number retry_after seconds, where the server named them
function methods:observe(operation, rate, status, retry_after)
  local limit, nothing_left = rate.limit, rate.remaining == 0
  if not (limit or nothing_left or status == 429) then return end
  local now = self.runtime:monotonic()
  local each = subject(self, operation, limit, now)
  if status ~= 429 and not nothing_left then return end
  local left = rate.reset_at and max(0, min(self.span, rate.reset_at - self.runtime:now()))
  if status == 429 then
    -- A wait longer than a window concerns only the call that was refused (lofty.pacing.retry); others try after it.
    left = max(LEAST, min(self.span, retry_after or left or self.span))
    self.refused = max(self.refused, now + left)
    close(each, now, left)
  elseif left and left > 0 then
    close(each, now, left)
  end
end

local OPTIONS = {
  key = true, limit = true, window = true, store = true, runtime = true, on_wait = true, on_error = true,
}

--- Makes a limiter.
--     limiter.new{
--       key = client_id,        -- whose budget it is; names it in the store
--       runtime = runtime,      -- required: sleep, now and monotonic
--       limit = 300,            -- calls in a window; learned from the answers if absent
--       window = 60,            -- seconds
--       store = store,          -- shares the budget, if it has `take`
--       on_wait = function(event) end, -- before a wait, once for all calls that wait for about the same moment:
--                               -- {seconds =, ends_at = epoch seconds, operation =, reason = "budget" or "429"}
--       on_error = function(err) end,  -- the store failed, calls go on
--     }
-- @tparam table opt as above
-- @treturn table the limiter
function limiter.new(opt)
  opt = errors.options("limiter.new", opt, OPTIONS)
  if type(opt.runtime) ~= "table" then misuse("limiter.new: runtime is required") end
  local limit, span = opt.limit, opt.window or 60
  if limit ~= nil and (type(limit) ~= "number" or limit < 1 or limit ~= floor(limit)) then
    misuse("limiter.new: limit must be a whole number, 1 or more")
  end
  if type(span) ~= "number" or span ~= span or span <= 0 then
    misuse("limiter.new: window must be a number above 0")
  end
  local self = setmetatable({
    key = opt.key or "default",
    told = limit ~= nil,
    span = span,
    runtime = opt.runtime,
    store = opt.store and opt.store.take and opt.store or nil,
    on_wait = opt.on_wait,
    on_error = opt.on_error,
    operations = {}, -- name -> budget, at most limits.operation_budgets of them
    count = 0,
    announced = -math.huge, -- the end of the wait that on_wait was last told of
    refused = -math.huge, -- the end of the last wait that a 429 imposed, to name a wait's reason
  }, metatable)
  self.app = budget(self, self.key, limit)
  self.pass = self.store and pass_shared or pass_alone
  return self
end

return limiter
