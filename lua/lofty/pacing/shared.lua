-- SPDX-License-Identifier: MIT

--- Budgets that a store counts for all processes: see `lofty.pacing.limiter`. Loaded by a limiter with such a store.
-- @module lofty.pacing.shared

local call_store = require "lofty.internal.call_store"
local jitter = require "lofty.pacing.jitter"
local waits = require "lofty.pacing.waits"

local max, min = math.max, math.min
local SHORTEST_WAIT = require("lofty.pacing.window").SHORTEST_WAIT

-- Seconds after a failure of the store before it is used again.
local PAUSE = 1
-- The shortest wait between two calls of the store's take, in seconds.
local TICK = 0.005
-- Calls that wait for the same time start this many seconds apart, in order, but all within SPREAD.
local STEP, SPREAD = 0.0001, 0.25

-- No function between a call and the runtime makes a tail call: Lua 5.1 could not yield across it.

--- Waits until the store counts the call. A wait that the store returns applies to all callers waiting here; after it
-- they call take again, in order.
-- @tparam table self the limiter; the arguments and results are those of its `pass_alone`
return function(self, now, each, operation, opt, own, held)
  local runtime, store, span = self.runtime, self.store, self.counted_span
  local number = each.came + 1
  each.came = number
  local slept
  while each.window.limit and now >= each.alone do
    if each.gate - now > SHORTEST_WAIT then
      if waits.is_too_late(opt, each.gate) then return nil, each.gate - now end
      local turn = max(0, min(SPREAD, (number - each.went - 1) * STEP))
      local waited = waits.wait(self, operation, each.gate - now + turn, now, opt)
      now = runtime:monotonic()
      if not waited then break end
      slept = now
    else
      local seconds, err = call_store(store, "take", each.key, each.window.limit, span)
      now = runtime:monotonic()
      if seconds == 0 then
        if number > each.went then each.went = number end
        -- Counted locally, too, in case the store fails.
        return each.window:reserve(now), slept
      elseif seconds then
        -- The server's window may end later than the store's: then wait for that.
        local ends = now + max(TICK, min(span, seconds)) + jitter() * TICK
        each.gate = max(each.gate, ends)
      else
        each.alone = now + PAUSE
        if self.on_error then self.on_error(err) end
      end
    end
  end
  if number > each.went then each.went = number end
  local slot, again = self.pass_alone(self, now, each, operation, opt, own, held)
  return slot, again or slept
end
