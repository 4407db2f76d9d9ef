-- SPDX-License-Identifier: MIT

--- Checks texts, numbers and booleans. `lofty.api.validate` uses it for the fields of a table, and `lofty.api.integers`
-- for integers.
-- @module lofty.api.scalars

local core = require "lofty.core"
local integers = require "lofty.api.integers"

local tostring, type = tostring, type
local byte, find, format, match = string.byte, string.find, string.format, string.match
local integer, json_decode, null, number_text = core.integer, core.json_decode, core.null, core.number_text
local digits_of, fits_64_bits, is_one_of = integers.digits_of, integers.fits_64_bits, integers.is_one_of
local list_of, name_of = integers.list_of, integers.name_of

local scalars = {}

-- The number of characters, not bytes: continuation bytes of UTF-8 are not counted.
local function length_of(text)
  local count = 0
  for i = 1, #text do
    local b = byte(text, i)
    if b < 0x80 or b >= 0xC0 then count = count + 1 end
  end
  return count
end

--- Checks a text.
-- @tparam table spec a shape
-- @param value
-- @return as `lofty.api.integers.check`
function scalars.string(spec, value)
  if type(value) ~= "string" then
    if spec.as == "integer" then
      local text, problem = digits_of(value)
      if not text then return nil, problem end
      value = text
    elseif spec.as == "boolean" and type(value) == "boolean" then
      return tostring(value)
    else
      return nil, (spec.as and "a " .. spec.as or "a string") .. " expected, got " .. name_of(value)
    end
  end
  if spec.as == "integer" then
    local number, problem = integers.check(spec, value)
    if not number then return nil, problem end
  elseif spec.as == "boolean" and value ~= "true" and value ~= "false" then
    return nil, "a boolean expected, got " .. name_of(value)
  end
  local enum = spec.enum
  if enum and not is_one_of(enum, value) then
    local names = {}
    for i = 1, #enum do names[enum[i]] = true end
    local meant, hint = require "lofty.internal.suggest"(value, names)
    if meant then return nil, name_of(value) .. " is not known" .. hint end
    return nil, format("must be one of %s, got %s", list_of(enum, "%q"), name_of(value))
  end
  local most = spec.max_length
  if most and #value > most and length_of(value) > most then
    return nil, format("is longer than %d characters", most)
  end
  local without = spec.without
  local found = without and match(value, "[" .. without .. "]")
  if found then return nil, format("must not contain %q", found) end
  return value
end

--- Checks a number.
-- @param value
-- @return as `lofty.api.integers.check`
function scalars.number(value)
  local kind = type(value)
  if kind == "number" then
    if value ~= value or value - value ~= 0 then return nil, "a finite number expected, got " .. tostring(value) end
    return value
  end
  if (kind == "cdata" or kind == "userdata") and value ~= null and number_text(value) then return value end
  if kind == "string" and #value <= 64 and find(value, "^%-?%d") then
    if find(value, "^%-?%d+$") and digits_of(value) and fits_64_bits(value) then return (integer(value)) end
    local number = json_decode(value)
    if type(number) == "number" then return scalars.number(number) end
  end
  return nil, "a number expected, got " .. name_of(value)
end

--- Checks a boolean.
-- @param value
-- @return as `lofty.api.integers.check`
function scalars.boolean(value)
  if value == true or value == "true" then return true end
  if value == false or value == "false" then return false end
  return nil, "a boolean expected, got " .. name_of(value)
end

return scalars
