-- SPDX-License-Identifier: MIT

--- A number with its noun: "1 lead", "2 leads".
-- @module lofty.cli.count

--- @tparam number number
-- @tparam string noun in the singular, whose plural ends in s
-- @treturn string
return function(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end
