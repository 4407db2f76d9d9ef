-- SPDX-License-Identifier: MIT

--- The median of a list, which is sorted by this.
-- @tparam {number,...} list
-- @treturn ?number nil of an empty one
return function(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end
