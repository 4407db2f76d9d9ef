-- SPDX-License-Identifier: MIT

--- Suggests a valid name for a misspelt one.
-- @module lofty.internal.suggest

local lower = require("lofty.internal.ascii").lower

local pairs, type = pairs, type
local byte, format, gsub = string.byte, string.format, string.gsub
local floor, min = math.floor, math.min

-- Ignores case and underscores: first_name, FirstName and firstName count as one name.
local function plain(name)
  return (gsub(lower(name), "[_%-%s]", ""))
end

-- How many letters must be added, dropped, changed or swapped with their neighbour.
local function distance(a, b)
  local before, above, row = nil, {}, {}
  for j = 0, #b do above[j] = j end
  for i = 1, #a do
    row = { [0] = i }
    for j = 1, #b do
      local same = byte(a, i) == byte(b, j)
      local cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
      if before and j > 1 and byte(a, i) == byte(b, j - 1) and byte(a, i - 1) == byte(b, j) then
        cost = min(cost, before[j - 2] + 1)
      end
      row[j] = cost
    end
    before, above = above, row
  end
  return row[#b] or #b
end

local function nearest(name, names)
  if type(name) ~= "string" or #name > 60 then return nil end
  local wanted = plain(name)
  local best, least = nil, 1 + min(3, floor(#wanted / 3) + (#wanted < 3 and 1 or 0))
  for candidate in pairs(names) do
    if type(candidate) == "string" then
      local far = distance(wanted, plain(candidate))
      if far < least or far == least and best and candidate < best then best, least = candidate, far end
    end
  end
  return best
end

--- Finds the most similar valid name.
-- @tparam string name what was written
-- @tparam table names a table whose keys are the valid names
-- @treturn ?string nil when no name is similar
-- @treturn string for the end of a message: `, did you mean "x"?`, or an empty text
return function(name, names)
  local best = nearest(name, names)
  return best, best and format(", did you mean %q?", best) or ""
end
