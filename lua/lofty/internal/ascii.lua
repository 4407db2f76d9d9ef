-- SPDX-License-Identifier: MIT

--- Letters, white space and hexadecimal digits of ASCII, whatever the locale.
--
-- string.lower, string.upper and the class %s follow the C locale: in tr_TR.ISO-8859-9 ("I"):lower() is a dotless i,
-- and a header or option name no longer matches.
-- @module lofty.internal.ascii

local byte, char, find, format, gsub, match =
  string.byte, string.char, string.find, string.format, string.gsub, string.match

local NOT_SPACE = "[^ \t\n\v\f\r]"

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

--- In linear time: `match(text, "^%s*(.-)%s*$")` is quadratic on a long run of white space.
-- @tparam string text
-- @treturn string without the white space at its two ends
function ascii.trim(text)
  local first = find(text, NOT_SPACE)
  return first and match(text, ".*" .. NOT_SPACE, first) or ""
end

local function hex_of(c) return format("%02x", byte(c)) end

--- @tparam string bytes
-- @treturn string two lower-case hexadecimal digits for each byte
function ascii.hex(bytes)
  return (gsub(bytes, ".", hex_of))
end

return ascii
