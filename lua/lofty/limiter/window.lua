--- A sliding window: who may go when, so that no span of time ever holds more than the limit.
--
-- Pure: the clock is an argument. A place is handed out at once, in the order of asking, with the moment at which
-- its holder may go; so each waits once, exactly long enough, and nobody overtakes. While no limit is known all may
-- go at once, but the last places are remembered, for when one becomes known.
-- @module lofty.limiter.window

local setmetatable = setmetatable
local max = math.max

-- Places remembered while no limit is known: Lofty's largest budget of a minute.
local MEMORY = 500

-- So many places are forgotten before the rest moves down to 1.
local SPARE = 512

local methods = {}
local metatable = { __name = "lofty.window", __index = methods }

local window = {}

--- @tparam number span seconds
-- @tparam[opt] number limit places in a span; nil while it is not known
-- @treturn table the window
function window.new(span, limit)
  -- places[first..last] are tables {at = seconds}; those from head on lie in the future.
  return setmetatable({
    span = span,
    limit = limit,
    places = {},
    first = 1,
    head = 1,
    last = 0,
    shut = -math.huge,
  }, metatable)
end

-- The moment of the place number i: after the one before it, after what shut the window, and a span after the one
-- that is a whole limit before it.
local function moment(self, i, now)
  local places = self.places
  local at = max(now, self.shut)
  local before = places[i - 1]
  if before and before.at > at then at = before.at end
  local rival = self.limit and places[i - self.limit]
  if rival and rival.at + self.span > at then at = rival.at + self.span end
  return at
end

-- Moves `head`, the first place whose moment has not come, and forgets what can no longer count: what is a span old,
-- and what lies more than a limit before the head. (That is at least a span older than what is kept, so a limit that
-- rises later misses nothing.)
local function settle(self, now)
  local places, head, first = self.places, self.head, self.first
  while head <= self.last and places[head].at <= now do head = head + 1 end
  local oldest, gone = head - (self.limit or MEMORY), now - self.span
  while first < oldest or first < head and places[first].at <= gone do
    places[first] = nil
    first = first + 1
  end
  self.head, self.first = head, first
  -- Numbers that only grew would leave a hash, rebuilt every few places, where a dense array does.
  if first > SPARE then
    local moved, gone_by = {}, first - 1
    for i = first, self.last do moved[i - gone_by] = places[i] end
    self.places, self.first, self.head, self.last = moved, 1, head - gone_by, self.last - gone_by
  end
end

--- Takes the next place.
-- @tparam number now
-- @treturn table the place; its holder may go once `place.at` is not in the future, and must look again after it
-- waited, for the moment may have moved
function methods:reserve(now)
  local i = self.last + 1
  local place = { at = moment(self, i, now) }
  self.places[i], self.last = place, i
  settle(self, now)
  return place
end

-- Gives the places that lie in the future their moments anew, never earlier ones: their holders sleep.
local function postpone(self, now)
  settle(self, now)
  local places = self.places
  for i = self.head, self.last do
    places[i].at = max(places[i].at, moment(self, i, now))
  end
end

--- Notes that the holder of a place goes later than it may: who goes late counts late.
-- @tparam number now
-- @tparam table place
-- @tparam number at when it goes
function methods:late(now, place, at)
  if at <= place.at then return end
  place.at = at
  postpone(self, now)
end

--- Lets nobody go before a moment.
-- @tparam number now
-- @tparam number till
function methods:close(now, till)
  if till <= self.shut then return end
  self.shut = till
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
