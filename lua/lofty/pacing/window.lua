--- A sliding window: who may go when, so that no span of time ever holds more than the limit.
--
-- Pure: the clock is an argument. A place is handed out at once, in the order of asking, with the moment at which
-- its holder may go; so each waits once, exactly long enough, and nobody overtakes. While no limit is known all may
-- go at once, but the last places are remembered, for when one becomes known. A place is a number: to take one
-- allocates nothing.
-- @module lofty.pacing.window

local setmetatable = setmetatable
local max = math.max

-- Places remembered while no limit is known: Lofty's largest budget of a minute.
local MEMORY = 500

-- So many places are taken before those that can no longer count are looked for.
local SPARE = 512

local methods = {}
local metatable = { __name = "lofty.window", __index = methods }

local window = {}

--- @tparam number span seconds
-- @tparam[opt] number limit places in a span; nil while it is not known
-- @treturn table the window
function window.new(span, limit)
  -- moments[1 .. last], in order; those from head on may lie in the future. `gone` places came before the first.
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

-- The moment of place number i: not before the place before it, not while the window is closed, and a span after the
-- place that is one limit earlier.
local function moment(self, i, now)
  local moments, at, limit = self.moments, now, self.limit
  local before = moments[i - 1]
  if at < self.closed_until then at = self.closed_until end
  if before and before > at then at = before end
  local earlier = limit and moments[i - limit]
  if earlier and earlier + self.span > at then at = earlier + self.span end
  return at
end

-- Moves `head` to the first place whose moment has not come.
local function advance(self, now)
  local moments, head, last = self.moments, self.head, self.last
  while head <= last and moments[head] <= now do head = head + 1 end
  self.head = head
end

-- Forgets what can no longer count: what is a span old, and what lies more than a limit before the head. (That is at
-- least a span older than what is kept, so a limit that rises later misses nothing.) The rest moves down to 1:
-- numbers that only grew would leave a hash, rebuilt every few places, where a dense array does.
local function forget(self, now)
  advance(self, now)
  local moments, head, last = self.moments, self.head, self.last
  local first, oldest, ended = 1, head - (self.limit or MEMORY), now - self.span
  while first < oldest or first < head and moments[first] <= ended do first = first + 1 end
  local by = first - 1
  if by > 0 then
    local kept = {}
    for i = first, last do kept[i - by] = moments[i] end
    self.moments, self.head, self.last, self.gone = kept, head - by, last - by, self.gone + by
  end
  self.full = self.last + SPARE
end

--- When the next place would be.
-- @tparam number now
-- @treturn number
function methods:earliest(now)
  local at = moment(self, self.last + 1, now)
  return at
end

--- Takes the next place.
-- @tparam number now
-- @treturn number the place
-- @treturn number its moment: its holder may go once that is not in the future, and must ask for it again after it
-- waited, for it may have moved
function methods:reserve(now)
  local i = self.last + 1
  local at = moment(self, i, now)
  self.moments[i], self.last = at, i
  local place = i + self.gone
  if i >= self.full then forget(self, now) end
  return place, at
end

--- The moment of a place.
-- @tparam number place
-- @treturn number|nil nil when it is so long over that it was forgotten
function methods:moment(place)
  return self.moments[place - self.gone]
end

-- Gives the places that lie in the future their moments anew, never earlier ones: their holders sleep.
local function postpone(self, now)
  advance(self, now)
  local moments = self.moments
  for i = self.head, self.last do
    moments[i] = max(moments[i], moment(self, i, now))
  end
end

--- Records that the holder of a place goes later than it might: the window counts a call from when it really started.
-- @tparam number now
-- @tparam number place
-- @tparam number at when it goes
function methods:delay(now, place, at)
  local i = place - self.gone
  local may = self.moments[i]
  if not may or at <= may then return end
  self.moments[i] = at
  postpone(self, now)
end

--- Lets nobody go before a moment.
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
