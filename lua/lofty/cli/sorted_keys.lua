-- SPDX-License-Identifier: MIT

--- The keys of a table, sorted.
-- @module lofty.cli.sorted_keys

--- @tparam table map its keys are strings
-- @treturn {string,...}
return function(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end
