-- SPDX-License-Identifier: MIT

--- The waits of a limiter: see `lofty.pacing.limiter`. Loaded at the first wait, or by the second call of a process.
-- @module lofty.pacing.waits

local max, min = math.max, math.min
local SHORTEST_WAIT = require("lofty.pacing.window").SHORTEST_WAIT

local waits = {}

-- Waits whose ends are at most this far apart are reported to on_wait as one.
local SAME_WAIT = 1

-- No function from here to the runtime may make a tail call or wait inside an iterator: Lua 5.1 could not yield.

-- Adds a wait to a client's counters. `waited` is wall time: waits that overlap count once. They are added as they
-- begin, so each adds only what lies after the end of those before it.
local function count_wait(counts, now, seconds)
  local begins, ends = max(now, counts.wait_ends or now), now + seconds
  if ends > begins then
    counts.waited = counts.waited + ends - begins
    counts.wait_ends = ends
  end
end

-- Calls on_wait, once for all calls that wait until about the same time.
local function announce(self, operation, seconds, now)
  local ends = now + seconds
  if not self.on_wait or ends <= self.announced + SAME_WAIT then return end
  self.announced = ends
  self.on_wait {
    seconds = seconds, ends_at = self.runtime:now() + seconds, operation = operation,
    reason = now < self.refused and "429" or "budget",
  }
end

--- Waits, at most until the caller's deadline.
-- @tparam table self the limiter
-- @tparam ?string operation
-- @tparam number seconds
-- @tparam number now monotonic seconds
-- @tparam ?table opt of `limiter:acquire`
-- @treturn boolean false where the runtime cannot wait (in some nginx phases): the call then starts at once, because
--   waiting again would be an endless loop
function waits.wait(self, operation, seconds, now, opt)
  if opt and opt.ends_at then seconds = max(0, min(seconds, opt.ends_at - now)) end
  announce(self, operation, seconds, now)
  if opt and opt.counts then count_wait(opt.counts, now, seconds) end
  local _, err = self.runtime:sleep(seconds)
  return err == nil
end

--- Whether a call has to fail because it could only start after its deadline.
-- @tparam ?table opt of `limiter:acquire`
-- @tparam number at monotonic seconds
-- @treturn boolean
function waits.is_too_late(opt, at)
  return opt ~= nil and opt.ends_at ~= nil and at > opt.ends_at
end

--- A call with a slot in its operation's budget that waits for the application's starts later in both.
-- @tparam ?table own the operation's budget
-- @tparam ?number held its slot
-- @tparam number now
-- @tparam number at when the call starts
function waits.delay(own, held, now, at)
  local earliest = held and own.window:moment(held)
  if earliest and at - earliest > SHORTEST_WAIT then own.window:delay(now, held, at) end
end

--- Waits for a slot that was reserved.
-- @tparam table self the limiter
-- @tparam number now monotonic seconds
-- @tparam table each the slot's budget
-- @tparam number slot
-- @tparam number at its start
-- @tparam ?string operation
-- @tparam ?table opt of `limiter:acquire`
-- @tparam ?table own the operation's budget, if `each` is the application's
-- @tparam ?number held its slot in there
-- @treturn[1] number the slot
-- @treturn[1] ?number the time after the wait
-- @treturn[2] nil
-- @treturn[2] number seconds until the call could start
function waits.for_slot(self, now, each, slot, at, operation, opt, own, held)
  local runtime, slots = self.runtime, each.window
  local slept
  repeat
    if waits.is_too_late(opt, at) then return nil, at - now end
    waits.delay(own, held, now, at)
    local waited = waits.wait(self, operation, at - now, now, opt)
    now = runtime:monotonic()
    if not waited then break end
    slept, at = now, slots:moment(slot) or now
  until at - now <= SHORTEST_WAIT
  if now - at > SHORTEST_WAIT then slots:delay(now, slot, now) end
  return slot, slept
end

return waits
