-- SPDX-License-Identifier: MIT

--- Makes records fit for an assistant: only chosen fields, ids as text, long texts and arrays cut.
-- @module lofty.cli.mcp_trim

local core = require "lofty.core"
local lofty = require "lofty"

local trim = {
  --- The most bytes of JSON in a result, approximately.
  MAX_RESULT = 24000,
}

-- The most bytes of a text and items of an array; each step cuts more, until the record fits.
local STEPS = { { 2000, 50 }, { 500, 20 }, { 120, 5 }, { 40, 2 } }
-- Tables that are nested deeper are left out.
local MAX_DEPTH = 12
-- Larger integers lose digits in programs that read JSON numbers as doubles.
local MAX_EXACT = 2 ^ 53 - 1

local function is_array(value) return getmetatable(value) == core.array_mt or value[1] ~= nil end

local function is_id(name)
  return type(name) == "string" and (name == "id" or name:find "Ids?$" or name:find "Uid$")
end

-- Cuts a text to `max` bytes, not within a character, and says how many bytes were cut.
local function cut(text, max)
  if #text <= max then return text end
  local at = max
  while at > 0 and text:byte(at + 1) >= 0x80 and text:byte(at + 1) < 0xC0 do at = at - 1 end
  return ("%s... (%d bytes cut)"):format(text:sub(1, at), #text - at)
end

local function copy(value, name, step, depth)
  local kind = type(value)
  if kind == "string" then return cut(value, step[1]) end
  if kind == "number" then
    if is_id(name) or value > MAX_EXACT or value < -MAX_EXACT then return core.number_text(value) or value end
    return value
  end
  if kind ~= "table" then return value end
  if depth > MAX_DEPTH then return "(left out)" end
  local result = {}
  if is_array(value) then
    lofty.array(result)
    for i = 1, math.min(#value, step[2]) do result[i] = copy(value[i], name, step, depth + 1) end
    if #value > step[2] then result[step[2] + 1] = ("(%d more)"):format(#value - step[2]) end
    return result
  end
  for key, each in pairs(value) do result[key] = copy(each, key, step, depth + 1) end
  return result
end

--- A copy of a value with ids as text, cut to a size.
-- @param value
-- @tparam[opt] number max bytes of JSON; by default a quarter of MAX_RESULT
-- @return the copy
-- @treturn string its JSON
function trim.record(value, max)
  local result, text
  for _, step in ipairs(STEPS) do
    result = copy(value, nil, step, 1)
    text = assert(lofty.json.encode(result))
    if #text <= (max or trim.MAX_RESULT / 4) then break end
  end
  return result, text
end

--- The named fields of a record; the record itself without names.
-- @param record
-- @tparam ?{string,...} fields
function trim.pick(record, fields)
  if not fields or type(record) ~= "table" then return record end
  local picked = {}
  for _, name in ipairs(fields) do picked[name] = record[name] end
  return picked
end

return trim
