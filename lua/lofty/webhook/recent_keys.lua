-- SPDX-License-Identifier: MIT

--- Remembers the last keys that it was given, in a table of bounded size.
-- @module lofty.webhook.recent_keys

local setmetatable = setmetatable

local RecentKeys = {}
RecentKeys.__index = RecentKeys

--- Tells whether a key was seen before, and remembers it.
-- @tparam string key
-- @treturn boolean
function RecentKeys:seen(key)
  if self.young[key] then return true end
  local before = self.old[key] == true
  if self.count == self.size then self.young, self.old, self.count = {}, self.young, 0 end
  self.young[key], self.count = true, self.count + 1
  return before
end

--- Tells whether a key was seen before, without remembering it.
-- @tparam string key
-- @treturn boolean
function RecentKeys:knows(key)
  return self.young[key] or self.old[key] or false
end

--- Forgets a key, so that it counts as new.
-- @tparam string key
function RecentKeys:forget(key)
  self.young[key], self.old[key] = nil, nil
end

--- Makes a memory. It has two generations: when the young one is full, the old one is dropped as a whole.
-- @tparam number size how many keys are remembered at least; twice as many at most
-- @treturn table with the methods `seen`, `knows` and `forget`
return function(size)
  return setmetatable({ young = {}, old = {}, count = 0, size = size }, RecentKeys)
end
