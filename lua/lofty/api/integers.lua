-- SPDX-License-Identifier: MIT

--- Checks integers, such as the ids in paths; also holds the functions that `lofty.api.scalars` and
-- `lofty.api.validate` use.
-- @module lofty.api.integers

local core = require "lofty.core"

local tostring, type = tostring, type
local byte, find, format, sub = string.byte, string.find, string.format, string.sub
local concat = table.concat
local to_integer = math.tointeger -- luacheck: ignore 143
local integer, null, number_text = core.integer, core.null, core.number_text

local integers = {}

local MAX_INT64, MIN_INT64 = "9223372036854775807", "9223372036854775808"

--- A value in an error message: null, the beginning of a text, a number or boolean, or else the type's name.
-- @param value
-- @treturn string
function integers.name_of(value)
  if value == null then return "null" end
  local kind = type(value)
  if kind == "string" then
    if #value > 40 then value = sub(value, 1, 37) .. "..." end
    return format("%q", value)
  end
  if kind == "number" or kind == "boolean" then return tostring(value) end
  return kind
end
local name_of = integers.name_of

--- Values in an error message.
-- @tparam table values an array
-- @tparam string pattern for each, such as "%q"
-- @treturn string
function integers.list_of(values, pattern)
  local words = {}
  for i = 1, #values do words[i] = format(pattern, tostring(values[i])) end
  return concat(words, ", ")
end

-- Compares digits, because a double does not hold all integers of 64 bits.
local function is_over(digits, limit)
  return #digits > #limit or #digits == #limit and digits > limit
end

--- Whether the digits of an integer fit into 64 bits.
-- @tparam string text
-- @treturn boolean
function integers.fits_64_bits(text)
  if byte(text) == 45 then return not is_over(sub(text, 2), MIN_INT64) end
  return not is_over(text, MAX_INT64)
end

--- The digits of an integer.
-- @param value
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function integers.digits_of(value)
  local kind = type(value)
  if kind == "string" then
    if find(value, "^-?[1-9]%d*$") or value == "0" then return value end
    return nil, "an integer expected, got " .. name_of(value)
  end
  if kind ~= "number" and kind ~= "cdata" and kind ~= "userdata" then
    return nil, "an integer expected, got " .. name_of(value)
  end
  local text, problem = number_text(value)
  if not text then return nil, problem end
  if text == "-0" then return "0" end
  if not find(text, "^-?%d+$") then return nil, "an integer expected, got " .. text end
  return text
end

--- Whether a text is one of the values of an enum.
-- @tparam table enum an array
-- @tparam string text
-- @treturn boolean
function integers.is_one_of(enum, text)
  for i = 1, #enum do
    if tostring(enum[i]) == text then return true end
  end
  return false
end

local function out_of_range(spec, text)
  local value = text + 0
  local low, high = spec.min, spec.max
  if spec.format == "int32" then low, high = low or -2147483648, high or 2147483647 end
  if low and value < low or high and value > high then
    if low and high then return format("must be between %d and %d, got %s", low, high, text) end
    return format(low and "must be at least %d, got %s" or "must be at most %d, got %s", low or high, text)
  end
  return nil
end

--- Checks an integer.
-- @tparam table spec a shape
-- @param value
-- @return[1] the value to send
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function integers.check(spec, value)
  local text, problem = integers.digits_of(value)
  if not text then return nil, problem end
  if not integers.fits_64_bits(text) then return nil, text .. " does not fit into 64 bits" end
  problem = out_of_range(spec, text)
  if problem then return nil, problem end
  if spec.enum and not integers.is_one_of(spec.enum, text) then
    return nil, format("must be one of %s, got %s", integers.list_of(spec.enum, "%s"), text)
  end
  if type(value) == "number" then
    if to_integer then return to_integer(value) end
    -- Without an integer type, numbers of up to 14 digits are encoded exactly as they are.
    if value > -1e14 and value < 1e14 then return value end
  end
  return integer(text)
end

return integers
