-- SPDX-License-Identifier: MIT

--- Upper and lower case of ASCII letters, whatever the locale.
--
-- string.lower and string.upper follow the C locale: in tr_TR.ISO-8859-9 ("I"):lower() is a dotless i, and a header
-- or option name no longer matches.
-- @module lofty.internal.ascii

local gsub = string.gsub
local char = string.char

local LOWER, UPPER = {}, {}
for code = 65, 90 do
  local upper, lower = char(code), char(code + 32)
  LOWER[upper], UPPER[lower] = lower, upper
end

local ascii = {}

--- @tparam string text
-- @treturn string with A to Z replaced by a to z
function ascii.lower(text)
  return (gsub(text, "[A-Z]", LOWER))
end

--- @tparam string text
-- @treturn string with a to z replaced by A to Z
function ascii.upper(text)
  return (gsub(text, "[a-z]", UPPER))
end

return ascii
