-- SPDX-License-Identifier: MIT

--- The median of a list.
-- @tparam {number,...} list
-- @treturn ?number nil of an empty one
return function(list)
  local sorted = {}
  for i, value in ipairs(list) do sorted[i] = value end
  if #sorted == 0 then return nil end
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  return (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end
