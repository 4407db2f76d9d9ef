-- SPDX-License-Identifier: MIT

--- Delays calls to stay within an application's rate limit, so that the server does not respond with 429.
--
-- One limiter serves all clients of an application. Before a call `acquire` waits, first in first out, until the call
-- may start; after it `observe` reads the limits in the response. The limit is the one given to `new`, which responses
-- never raise, or otherwise the largest that a response has named: until the first response calls are not delayed. An
-- operation whose responses name a smaller limit also has a budget of its own.
--
-- Without a store it counts in this Lua state, in a sliding window. With a store that has `take`, all processes of all
-- machines share one budget; while the store fails, the limiter counts locally.
-- @module lofty.pacing.limiter

local check_options = require "lofty.internal.options"
local lazy = require "lofty.internal.lazy"
local misuse = require "lofty.internal.misuse"
local window = require "lofty.pacing.window"

local operation_budgets = lazy "lofty.pacing.operation_budgets"
local waits = lazy "lofty.pacing.waits"

local require, setmetatable, type = require, setmetatable, type
local floor, max, min = math.floor, math.max, math.min
local SHORTEST_WAIT = window.SHORTEST_WAIT

-- Windows here are longer than the server's by this factor. Otherwise a request that takes long to arrive and one that
-- is sent a window later and takes less could be in one window of the server. It costs one per cent of the limit.
local SLACK = 1.01
-- The shortest wait after a 429, in seconds, also when its reset time is in the past.
local LEAST = 1

local methods = {}
local metatable = { __name = "lofty.limiter", __index = methods }

local limiter = {}

-- A budget: the application's, or one operation's.
local function budget(self, key, limit, now)
  return {
    key = key,
    window = window.new(self.counted_span, limit),
    gate = -math.huge, -- the time before which the store's `take` is not called
    alone = -math.huge, -- the time until which calls are counted locally, after a failure of the store
    came = 0, -- how many callers have arrived, and how many of them have gone on
    went = 0,
    used = now, -- when an operation's budget was last used
  }
end

-- No function from here to the runtime may make a tail call or wait inside an iterator: Lua 5.1 could not yield.

-- Waits for a slot among the calls of this Lua state. Returns the slot, and the time after the wait if there was one;
-- or nil and the seconds until the call could start. A call that waits for the application's budget already has the
-- slot `held` in the budget `own` of its operation.
local function pass_alone(self, now, each, operation, opt, own, held)
  local slot, at = each.window:reserve(now, opt and opt.ends_at)
  if not slot then return nil, at - now end
  if at - now <= SHORTEST_WAIT then return slot end
  local waited, slept = waits.for_slot(self, now, each, slot, at, operation, opt, own, held)
  return waited, slept
end

--- Waits until one call may start.
-- @tparam[opt] string operation
-- @tparam[opt] table opt `ends_at` (monotonic seconds: fail at once if the call starts later), `counts` (a client's
--   counters, for `waited`)
-- @treturn[1] number seconds waited
-- @treturn[2] nil
-- @treturn[2] number seconds until the call could start
function methods:acquire(operation, opt)
  local began, pass = self.runtime:monotonic(), self.pass
  -- The smaller budget first, so that a call that waits for it uses no slot of the larger one.
  local own = operation and self.count > 0 and operation_budgets.find(self, operation)
  if not own then
    local slot, slept = pass(self, began, self.app, operation, opt)
    if not slot then return nil, slept end
    return slept and slept - began or 0
  end
  own.used = began
  local slot, first = pass(self, began, own, operation, opt)
  if not slot then return nil, first end
  local app_slot, second = pass(self, self.runtime:monotonic(), self.app, operation, opt, own, slot)
  if not app_slot then return nil, second end
  local now = self.runtime:monotonic()
  waits.delay(own, slot, now, now)
  return (first or second) and now - began or 0
end

-- The budget to which a response's limit belongs: the application's, or the operation's own. Also stores the limit.
local function subject(self, operation, limit, now)
  local app = self.app
  if not limit or limit < 1 then return app end
  local counted = app.window
  if not counted.limit or not self.told and limit > counted.limit then counted:set_limit(now, limit) end
  if not operation or limit >= counted.limit and self.count == 0 then return app end
  return operation_budgets.subject(self, operation, limit, now, budget)
end

-- Starts no call of this budget for so many seconds.
local function close(each, now, seconds)
  each.gate = max(each.gate, now + seconds)
  each.window:close(now, now + seconds)
end

--- Reads the limits of a response. After a 429, or when no calls remain, all calls of the budget wait for the reset.
-- @tparam[opt] string operation
-- @tparam table rate what `lofty.http.rate_headers` read: limit, remaining, reset_at
-- @tparam number status the HTTP status
-- @tparam[opt] number retry_after seconds, if the response has it
function methods:observe(operation, rate, status, retry_after)
  local limit, nothing_left = rate.limit, rate.remaining == 0
  if not (limit or nothing_left or status == 429) then return end
  local now = self.runtime:monotonic()
  local each = subject(self, operation, limit, now)
  if status ~= 429 and not nothing_left then return end
  local left = rate.reset_at and max(0, min(self.span, rate.reset_at - self.runtime:now()))
  if status == 429 then
    -- A wait longer than a window applies only to the refused call (lofty.pacing.retry); others wait for one window.
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

--- Creates a limiter.
--     limiter.new{
--       key = client_id,        -- names the budget in the store
--       runtime = runtime,      -- required: sleep, now and monotonic
--       limit = 300,            -- calls per window; taken from responses if absent
--       window = 60,            -- seconds
--       store = store,          -- shares the budget, if it has `take`
--       on_wait = function(event) end, -- before a wait, once for calls that wait until about the same time:
--                               -- {seconds =, ends_at = epoch seconds, operation =, reason = "budget" or "429"}
--       on_error = function(err) end,  -- the store failed; calls are counted locally
--     }
-- @tparam table opt as above
-- @treturn table the limiter
function limiter.new(opt)
  opt = check_options("limiter.new", opt, OPTIONS)
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
    told = limit ~= nil, -- responses do not raise the limit
    span = span,
    counted_span = span * SLACK,
    pass_alone = pass_alone,
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
  self.pass = self.store and require "lofty.pacing.shared" or pass_alone
  return self
end

return limiter
