-- SPDX-License-Identifier: MIT

--- The text of a number with all its digits.
--
-- `tostring` rounds a float to 14 digits ("%.14g"), so that the ids 651095960136641.0 and 651095960136642.0 become the
-- same text.
-- @module lofty.internal.exact_text

local number_text = require("lofty.core").number_text

local format = string.format

--- @tparam number number
-- @treturn string a text that no other number has
return function(number)
  return number_text(number) or format("%.17g", number)
end
