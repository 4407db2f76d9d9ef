-- SPDX-License-Identifier: MIT

--- Numbers of the same seed are the same on each Lua; math.random's are not. (Park and Miller, 1988)
-- @tparam number seed
-- @treturn function random(n) returns an integer from 1 to n
return function(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 48271 % 2147483647
    return state % n + 1
  end
end
