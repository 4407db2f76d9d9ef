-- SPDX-License-Identifier: MIT

--- Checks single values: what `lofty.api.validate` uses for the fields of a table, and for the values of a path.
-- @module lofty.api.scalars

local core = require "lofty.core"

local tostring, type = tostring, type
local byte, find, format, match, sub = string.byte, string.find, string.format, string.match, string.sub
local concat = table.concat
local to_integer = math.tointeger -- luacheck: ignore 143
local integer, json_decode, null, number_text = core.integer, core.json_decode, core.null, core.number_text

local scalars = {}

local MAX_INT64, MIN_INT64 = "9223372036854775807", "9223372036854775808"

--- A value in an error message: null, the beginning of a text, a number or boolean, or else the type's name.
-- @param value
-- @treturn string
function scalars.name_of(value)
  if value == null then return "null" end
  local kind = type(value)
  if kind == "string" then
    if #value > 40 then value = sub(value, 1, 37) .. "..." end
    return format("%q", value)
  end
  if kind == "number" or kind == "boolean" then return tostring(value) end
  return kind
end
local name_of = scalars.name_of

local function list_of(values, pattern)
  local words = {}
  for i = 1, #values do words[i] = format(pattern, tostring(values[i])) end
  return concat(words, ", ")
end

-- Compares digits, because a double does not hold all integers of 64 bits.
local function is_over(digits, limit)
  return #digits > #limit or #digits == #limit and digits > limit
end

local function fits_64_bits(text)
  if byte(text) == 45 then return not is_over(sub(text, 2), MIN_INT64) end
  return not is_over(text, MAX_INT64)
end

-- The digits of an integer, or nil and a message.
local function digits_of(value)
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

local function is_one_of(enum, text)
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
function scalars.integer(spec, value)
  local text, problem = digits_of(value)
  if not text then return nil, problem end
  if not fits_64_bits(text) then return nil, text .. " does not fit into 64 bits" end
  problem = out_of_range(spec, text)
  if problem then return nil, problem end
  if spec.enum and not is_one_of(spec.enum, text) then
    return nil, format("must be one of %s, got %s", list_of(spec.enum, "%s"), text)
  end
  if type(value) == "number" then
    if to_integer then return to_integer(value) end
    -- Without an integer type, numbers of up to 14 digits are encoded exactly as they are.
    if value > -1e14 and value < 1e14 then return value end
  end
  return integer(text)
end
local check_integer = scalars.integer

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
-- @return as `integer`
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
    local number, problem = check_integer(spec, value)
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
-- @return as `integer`
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
-- @return as `integer`
function scalars.boolean(value)
  if value == true or value == "true" then return true end
  if value == false or value == "false" then return false end
  return nil, "a boolean expected, got " .. name_of(value)
end

--- Checks one value of a path.
-- @tparam table spec a shape
-- @param value
-- @tparam[opt=false] boolean lax
-- @param[opt] placeholder in a dry run: the value that replaces an unknown id and is accepted
-- @return[1] the value to put into the path
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function scalars.path_value(spec, value, lax, placeholder)
  if placeholder and value == placeholder then return value end
  local item, problem
  if value == null then
    problem = "is null"
  elseif spec.type == "string" then
    item, problem = scalars.string(spec, value)
  else
    item, problem = check_integer(spec, value)
  end
  if not problem then return item end
  if lax and value ~= null then return value end
  return nil, problem
end

return scalars
