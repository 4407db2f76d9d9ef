-- SPDX-License-Identifier: MIT

--- A binary heap of timers, ordered by the time at which they are due.
-- @module lofty.runtime.curl.timers

local setmetatable, floor = setmetatable, math.floor

local Timers = {}
Timers.__index = Timers

--- @treturn table empty timers
local function new()
  return setmetatable({ count = 0, due = {}, what = {} }, Timers)
end

--- Adds `what`, due at `at`.
function Timers:add(at, what)
  local due, whats = self.due, self.what
  local i = self.count + 1
  self.count = i
  while i > 1 do
    local parent = floor(i / 2)
    if due[parent] <= at then break end
    due[i], whats[i] = due[parent], whats[parent]
    i = parent
  end
  due[i], whats[i] = at, what
end

--- When the earliest is due, or nil when there is none.
function Timers:first()
  return self.due[1]
end

--- Takes the earliest out if it is due at `now`, else returns nil.
function Timers:take(now)
  local due, whats, count = self.due, self.what, self.count
  if count == 0 or due[1] > now then return nil end
  local taken = whats[1]
  local at, what = due[count], whats[count]
  due[count], whats[count] = nil, nil
  count = count - 1
  self.count = count
  if count == 0 then return taken end
  local i = 1
  while true do
    local child = 2 * i
    if child > count then break end
    if child < count and due[child + 1] < due[child] then child = child + 1 end
    if due[child] >= at then break end
    due[i], whats[i] = due[child], whats[child]
    i = child
  end
  due[i], whats[i] = at, what
  return taken
end

return { new = new }
