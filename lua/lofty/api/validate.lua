-- SPDX-License-Identifier: MIT

--- Checks a caller's values against the shapes of `lofty.api.operations` and makes the copy that is sent: arrays are
-- marked as arrays, ids keep all their digits, and the caller's own tables stay as they are.
--
-- Integers, numbers and booleans are accepted as text too ("17", "1.5", "true"), as a CSV file gives them, and are sent
-- with the type that the operation wants. A number is not accepted where a text is wanted: a zip code would lose its
-- leading zero. For a date-time, epoch seconds and tables of `os.date` are accepted, too.
-- @module lofty.api.validate

local core = require "lofty.core"
local integers = require "lofty.api.integers"
local lazy = require "lofty.internal.lazy"
local scalars = require "lofty.api.scalars"

local time = lazy "lofty.time"

local getmetatable, pairs, setmetatable, tostring, type = getmetatable, pairs, setmetatable, tostring, type
local find, format, match, sub = string.find, string.format, string.match, string.sub
local concat = table.concat
local floor = math.floor
local array, array_mt, null = core.array, core.array_mt, core.null
local name_of = integers.name_of

local check = {}

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
    item, problem = scalars.string(spec, value)
  elseif kind == "integer" then
    item, problem = integers.check(spec, value)
  elseif kind == "boolean" then
    item, problem = scalars.boolean(value)
  else
    item, problem = scalars.number(value)
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

return check
