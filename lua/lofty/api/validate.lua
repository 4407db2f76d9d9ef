-- SPDX-License-Identifier: MIT

--- Checks a caller's values against the shapes of `lofty.api.operations` and makes the copy that is sent: arrays are
-- marked as arrays, ids keep all their digits, and the caller's own tables stay as they are.
--
-- Integers, numbers and booleans are accepted as text too ("17", "1.5", "true"), as a CSV file gives them, and are sent
-- with the type that the operation wants. A number is not accepted where a text is wanted: a zip code would lose its
-- leading zero. For a date-time, epoch seconds and tables of `os.date` are accepted, too.
-- @module lofty.api.validate

local core = require "lofty.core"
local lazy = require "lofty.internal.lazy"

local time = lazy "lofty.time"

local getmetatable, pairs, setmetatable, tostring, type = getmetatable, pairs, setmetatable, tostring, type
local byte, find, format, match, sub = string.byte, string.find, string.format, string.match, string.sub
local concat = table.concat
local floor = math.floor
local to_integer = math.tointeger -- luacheck: ignore 143
local array, array_mt, integer, null, number_text = core.array, core.array_mt, core.integer, core.null, core.number_text
local json_decode = core.json_decode

local check = {}

local MAX_INT64, MIN_INT64 = "9223372036854775807", "9223372036854775808"

-- A value in an error message: null, the beginning of a text, a number or boolean, or else the type's name.
local function name_of(value)
  if value == null then return "null" end
  local kind = type(value)
  if kind == "string" then
    if #value > 40 then value = sub(value, 1, 37) .. "..." end
    return format("%q", value)
  end
  if kind == "number" or kind == "boolean" then return tostring(value) end
  return kind
end

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

local function check_integer(spec, value)
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

-- The number of characters, not bytes: continuation bytes of UTF-8 are not counted.
local function length_of(text)
  local count = 0
  for i = 1, #text do
    local b = byte(text, i)
    if b < 0x80 or b >= 0xC0 then count = count + 1 end
  end
  return count
end

local function check_string(spec, value)
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
    local meant = require "lofty.internal.suggest"(value, names)
    if meant then return nil, format("%s is not known, did you mean %q?", name_of(value), meant) end
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

local check_number
function check_number(value)
  local kind = type(value)
  if kind == "number" then
    if value ~= value or value - value ~= 0 then return nil, "a finite number expected, got " .. tostring(value) end
    return value
  end
  if (kind == "cdata" or kind == "userdata") and value ~= null and number_text(value) then return value end
  if kind == "string" and #value <= 64 and find(value, "^%-?%d") then
    if find(value, "^%-?%d+$") and digits_of(value) and fits_64_bits(value) then return (integer(value)) end
    local number = json_decode(value)
    if type(number) == "number" then return check_number(number) end
  end
  return nil, "a number expected, got " .. name_of(value)
end

local function check_boolean(value)
  if value == true or value == "true" then return true end
  if value == false or value == "false" then return false end
  return nil, "a boolean expected, got " .. name_of(value)
end

-- The length of a table that is an array, or nil. An empty table is an array.
local function array_length(value)
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key ~= floor(key) then return nil end
    count = count + 1
  end
  if count ~= #value then return nil end
  return count
end

local check_value

local function check_array(ctx, spec, value, path)
  if type(value) ~= "table" then return nil, "an array expected, got " .. name_of(value), path end
  local count = array_length(value)
  if not count then return nil, "an array expected, got a table with names or gaps", path end
  if spec.min_items and count < spec.min_items then
    return nil, format("needs at least %d item%s", spec.min_items, spec.min_items == 1 and "" or "s"), path
  end
  if spec.max_items and count > spec.max_items then
    return nil, format("takes at most %d items, got %d", spec.max_items, count), path
  end
  local copy, items = {}, spec.items
  for i = 1, count do
    local item, problem, at = check_value(ctx, items, value[i], path .. "[" .. i .. "]")
    if problem and not ctx.lax then return nil, problem, at end
    if problem then item = value[i] end
    copy[i] = item
  end
  return array(copy)
end

-- "a or b", "a and b", with the names quoted.
local function joined(names, word)
  local words = {}
  for i = 1, #names do words[i] = format("%q", names[i]) end
  if #words == 1 then return words[1] end
  return concat(words, ", ", 1, #words - 1) .. word .. words[#words]
end

local function inside(path, name)
  return path == "" and name or path .. "." .. name
end

-- What is wrong with fields that are missing: required ones, one of several, or one that the value of another field
-- requires. Returns the problem and where it is, or nil.
local function find_missing(ctx, spec, value, path)
  local required = spec.required
  local missing = {}
  for i = 1, required and #required or 0 do
    if value[required[i]] == nil then missing[#missing + 1] = inside(path, required[i]) end
  end
  if #missing == 1 then return "is required", missing[1] end
  if #missing > 1 then return format("%ss %s are required", ctx.noun, joined(missing, " and ")), nil end
  local sets = spec.one_of
  for s = 1, sets and #sets or 0 do
    local set, found = sets[s], false
    for i = 1, #set do found = found or value[set[i]] ~= nil end
    if not found then
      return format("%sneeds %s", path == "" and "" or format("%q ", path), joined(set, " or ")), nil
    end
  end
  local when = spec.when
  for w = 1, when and #when or 0 do
    local field, wanted, needed = when[w][1], when[w][2], when[w][3]
    local in_path = match(field, "^{(.*)}$")
    local got
    if in_path then got = ctx.params and ctx.params[in_path] else got = value[field] end
    if got ~= nil and tostring(got) == wanted and value[needed] == nil then
      return format("is required when %s is %s", in_path or field, wanted), inside(path, needed)
    end
  end
  return nil
end

-- `instead` has names that the vendor's guides or other APIs use.
local function unknown(ctx, spec, name, path)
  local what = format("unknown %s %q", ctx.noun, type(name) == "string" and inside(path, name) or tostring(name))
  local meant = spec.instead and spec.instead[name] or require "lofty.internal.suggest"(name, spec.fields)
  if meant then return format("%s, did you mean %q?", what, meant) end
  return what
end

local function check_object(ctx, spec, value, path)
  if type(value) ~= "table" then
    return nil, "a table of fields expected, got " .. name_of(value), path
  end
  local fields = spec.fields
  if getmetatable(value) == array_mt or value[1] ~= nil then
    if spec.many then
      local list, problem, at = check_array(ctx, { items = { fields = fields } }, value, path)
      return list, problem, at
    end
    return nil, "a table of fields expected, got an array", path
  end
  local copy, first_rank, first_problem, first_at = {}, nil, nil, nil
  for name, got in pairs(value) do
    local field = fields[name]
    local item, problem, at
    if not field then
      if ctx.lax then item = got else problem = unknown(ctx, spec, name, path) end
    elseif not field.readonly then
      item, problem, at = check_value(ctx, field, got, inside(path, name))
      if problem and ctx.lax then item, problem = got, nil end
    end
    -- Report the first problem by name, unknown names before wrong values, so that the message does not depend on the
    -- order of the table.
    if problem then
      local rank = (field and "1" or "0") .. tostring(name)
      if not first_rank or rank < first_rank then first_rank, first_problem, first_at = rank, problem, at end
    else
      copy[name] = item
    end
  end
  if first_rank and sub(first_rank, 1, 1) == "0" then return nil, first_problem, nil end
  if not ctx.lax then
    local problem, at = find_missing(ctx, spec, value, path)
    if problem then return nil, problem, at end
  end
  if first_rank then return nil, first_problem, first_at end
  return copy
end

-- Checks a value of any shape. Returns the copy, or nil, the problem, and where it is (a path of names; nil when the
-- problem's text says it).
local function check_plain(ctx, spec, value, path)
  if value == ctx.placeholder and value ~= nil then return value end
  if value == null and ctx.noun == "field" then return null end
  if spec.fields then
    local copy, problem, at = check_object(ctx, spec, value, path)
    return copy, problem, at
  end
  local kind = spec.type
  if kind == "array" then
    local copy, problem, at = check_array(ctx, spec, value, path)
    return copy, problem, at
  end
  local item, problem
  if spec.open then
    if type(value) == "table" then return value end
    problem = "a table expected, got " .. name_of(value)
  elseif spec.many and type(value) == "table" then
    local list, why, at = check_array(ctx, { items = { type = kind, as = spec.as } }, value, path)
    return list, why, at
  elseif spec.as == "time" then
    item, problem = time.text(value)
  elseif kind == "string" then
    item, problem = check_string(spec, value)
  elseif kind == "integer" then
    item, problem = check_integer(spec, value)
  elseif kind == "boolean" then
    item, problem = check_boolean(value)
  else
    item, problem = check_number(value)
  end
  if problem then return nil, problem, path end
  return item
end

-- As check_plain; adds the shape's hint about the right form to the problem of a value of another type.
function check_value(ctx, spec, value, path)
  local copy, problem, at = check_plain(ctx, spec, value, path)
  if problem and spec.hint and at == path and find(problem, " expected, got ", 1, true) then
    problem = problem .. "; " .. spec.hint
  end
  return copy, problem, at
end

local function format_problem(ctx, problem, at)
  if at and at ~= "" then return format("%s %q: %s", ctx.noun, at, problem) end
  return problem
end

--- Checks the fields of a call and makes the copy to send.
-- @tparam table spec a shape with `fields`, or an array
-- @tparam table value the caller's table; it is not modified
-- @tparam string noun "field" or "parameter", for messages; only a field may be null
-- @tparam[opt] table params the values of the path, for a shape whose `when` names one
-- @tparam[opt=false] boolean lax accept unknown names and wrong values as they are
-- @param[opt] placeholder in a dry run: the value that replaces an unknown id and is accepted everywhere
-- @treturn[1] table the copy
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function check.fields(spec, value, noun, params, lax, placeholder)
  local ctx = { noun = noun, params = params, lax = lax, placeholder = placeholder }
  local copy, problem, at = check_value(ctx, spec, value, "")
  if not problem then return copy end
  if lax and type(value) == "table" then
    local whole = {}
    for name, item in pairs(value) do whole[name] = item end
    return setmetatable(whole, getmetatable(value))
  end
  return nil, format_problem(ctx, problem, at)
end

--- Checks one value of a path.
-- @tparam table spec a shape
-- @param value
-- @tparam[opt=false] boolean lax
-- @param[opt] placeholder as in `fields`
-- @return[1] the value to put into the path
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function check.path_value(spec, value, lax, placeholder)
  if placeholder and value == placeholder then return value end
  local item, problem
  if value == null then
    problem = "is null"
  elseif spec.type == "string" then
    item, problem = check_string(spec, value)
  else
    item, problem = check_integer(spec, value)
  end
  if not problem then return item end
  if lax and value ~= null then return value end
  return nil, problem
end

return check
