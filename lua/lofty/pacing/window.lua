-- SPDX-License-Identifier: MIT

--- A sliding window rate limit: no span of time has more calls than the limit.
--
-- Pure: the clock is an argument. A caller gets a slot at once, in order, with the time at which its call may start;
-- so it waits once, exactly long enough, and the order is kept. While no limit is known all calls may start at once;
-- the last slots are stored and count when a limit becomes known. A slot is a number, so that reserving one allocates
-- nothing.
-- @module lofty.pacing.window

local setmetatable = setmetatable
local max = math.max

-- Slots stored while no limit is known: Lofty's largest limit per minute.
local MEMORY = 500

-- The number of reserved slots after which old slots are removed.
local SPARE = 512

local methods = {}
local metatable = { __name = "lofty.window", __index = methods }

local window = {
  --- Seconds; a shorter wait is skipped.
  SHORTEST_WAIT = 0.0001,
}

--- @tparam number span seconds
-- @tparam[opt] number limit slots in a span; nil while it is not known
-- @treturn table the window
function window.new(span, limit)
  -- moments[1 .. last] are start times in order; those from `head` on may be in the future. `gone` older slots were
  -- removed.
  return setmetatable({
    span = span,
    limit = limit,
    moments = {},
    head = 1,
    last = 0,
    gone = 0,
    full = SPARE,
    closed_until = -math.huge,
  }, metatable)
end

-- The earliest start of slot i: not before the previous slot's, not while the window is closed, and one span after the
-- slot one limit earlier.
local function moment(self, i, now)
  local moments, at, limit = self.moments, now, self.limit
  local before = moments[i - 1]
  if at < self.closed_until then at = self.closed_until end
  if before and before > at then at = before end
  local earlier = limit and moments[i - limit]
  if earlier and earlier + self.span > at then at = earlier + self.span end
  return at
end

-- Moves `head` to the first slot that starts after `now`.
local function advance(self, now)
  local moments, head, last = self.moments, self.head, self.last
  while head <= last and moments[head] <= now do head = head + 1 end
  self.head = head
end

-- Removes slots that no longer count: those that started at least a span ago, and those more than `limit` places before
-- the head. (The latter are not needed even if the limit rises: they started at least a span before later ones.) The
-- remaining slots move down to index 1, so that the table stays an array instead of becoming a hash.
local function forget(self, now)
  advance(self, now)
  local moments, head, last = self.moments, self.head, self.last
  local first, oldest, ended = 1, head - (self.limit or MEMORY), now - self.span
  while first < oldest or first < head and moments[first] <= ended do first = first + 1 end
  local by = first - 1
  if by > 0 then
    local remaining = {}
    for i = first, last do remaining[i - by] = moments[i] end
    self.moments, self.head, self.last, self.gone = remaining, head - by, last - by, self.gone + by
  end
  self.full = self.last + SPARE
end

--- Reserves the next slot, unless it starts too late.
-- @tparam number now
-- @tparam[opt] number latest
-- @treturn ?number the slot; nil: it starts after `latest`
-- @treturn number its start; after waiting for it, call `moment` again, because it may have moved
function methods:reserve(now, latest)
  local i = self.last + 1
  local at = moment(self, i, now)
  if latest and at > latest then return nil, at end
  self.moments[i], self.last = at, i
  local slot = i + self.gone
  if i >= self.full then forget(self, now) end
  return slot, at
end

--- The start of a slot.
-- @tparam number slot
-- @treturn number|nil nil when the slot was removed because it is old
function methods:moment(slot)
  return self.moments[slot - self.gone]
end

-- Computes the starts of future slots again; never earlier ones, because their callers wait already.
local function postpone(self, now)
  advance(self, now)
  local moments = self.moments
  for i = self.head, self.last do
    moments[i] = max(moments[i], moment(self, i, now))
  end
end

--- Records when the call of a slot really started, if that is later than the slot's start.
-- @tparam number now
-- @tparam number slot
-- @tparam number at the real start
function methods:delay(now, slot, at)
  local i = slot - self.gone
  local may = self.moments[i]
  if not may or at <= may then return end
  self.moments[i] = at
  postpone(self, now)
end

--- Closes the window: no call starts before `till`.
-- @tparam number now
-- @tparam number till
function methods:close(now, till)
  if till <= self.closed_until then return end
  self.closed_until = till
  postpone(self, now)
end

--- Sets the limit.
-- @tparam number now
-- @tparam number limit
function methods:set_limit(now, limit)
  if limit == self.limit then return end
  self.limit = limit
  postpone(self, now)
end

return window
