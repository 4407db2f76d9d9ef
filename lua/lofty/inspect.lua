-- SPDX-License-Identifier: MIT

--- A value as readable text, for looking at what the API returned.
--
-- The text looks like Lua, but cannot be loaded: long texts, deep tables and long lists are cut short, and secrets
-- are not shown. No metamethod of the value is called, except `tostring` of this library's own objects.
-- @module lofty.inspect

local core = require "lofty.core"
local lower = require("lofty.internal.ascii").lower

local getmetatable, ipairs, next, pcall, rawget, tostring, type =
  getmetatable, ipairs, next, pcall, rawget, tostring, type
local byte, find, format, gsub, rep, sub = string.byte, string.find, string.format, string.gsub, string.rep, string.sub
local concat, sort = table.concat, table.sort
local null, number_text = core.null, core.number_text

-- Bytes of a text, members of a table, levels, and values in all that are shown.
local MAX_TEXT, MAX_MEMBERS, MAX_DEPTH, MAX_VALUES = 200, 100, 8, 2000
-- Bytes of a line: a table that fits into one is shown on one.
local MAX_LINE = 80
-- Fields whose text is never shown.
local SECRETS = {
  access_token = true, refresh_token = true, api_key = true, client_secret = true, customer_key = true, password = true,
  secret = true, encryption_key = true, code_verifier = true, authorization = true,
}

-- This library's types that are shown like other tables.
local TABLES = { ["lofty.token"] = true, ["lofty.error"] = true, ["lofty.array"] = true }

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(c)
  return ESCAPES[c] or format("\\%03d", byte(c))
end

local function text_of(text)
  local size = #text
  if size > MAX_TEXT then
    local last = MAX_TEXT
    -- Not within a character of UTF-8.
    while last > MAX_TEXT - 3 and byte(text, last + 1) >= 0x80 and byte(text, last + 1) < 0xC0 do last = last - 1 end
    text = sub(text, 1, last)
  end
  -- Bytes that are no UTF-8 would spoil a terminal's line.
  local is_utf8 = core.json_encode(text) ~= nil
  text = gsub(text, is_utf8 and '[%c"\\\127]' or '[%c"\\\127-\255]', escape)
  -- U+0080 to U+009F are control characters, too.
  text = '"' .. gsub(text, "\194[\128-\159]", function(c) return (gsub(c, ".", escape)) end) .. '"'
  return size > MAX_TEXT and format("%s... (%d bytes)", text, size) or text
end

local function scalar(value)
  local kind = type(value)
  if value == null then return "null" end
  if kind == "string" then return text_of(value) end
  -- tostring rounds a float to 14 digits.
  if kind == "number" then return core.json_encode(value) or tostring(value) end
  if kind == "boolean" or kind == "nil" then return tostring(value) end
  if kind == "userdata" or kind == "cdata" then
    local ok, digits = pcall(number_text, value)
    if ok and digits then return digits end
  end
  return "<" .. kind .. ">"
end

local function key_text(key)
  if type(key) == "string" and #key <= MAX_TEXT and find(key, "^[%a_][%w_]*$") then return key end
  return "[" .. (type(key) == "table" and "<table>" or scalar(key)) .. "]"
end

local function is_before(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then return kind < other end
  if kind == "number" or kind == "string" then return a < b end
  return false
end

-- A client, an application or a resource: its own tostring shows no secret. Tokens and errs are shown as tables.
local function object_text(value)
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if type(name) ~= "string" or not find(name, "^lofty%.") or TABLES[name] then
    return nil
  end
  local ok, text = pcall(tostring, value)
  return ok and "<" .. text .. ">" or "<" .. name .. ">"
end

local show

-- The members of a table as texts: first the items 1 to n, then the others sorted by key.
local function members_of(state, value, depth)
  local list, count = {}, 0
  while rawget(value, count + 1) ~= nil do count = count + 1 end
  local keys = {}
  for key in next, value do
    if not (type(key) == "number" and key >= 1 and key <= count and key % 1 == 0) then keys[#keys + 1] = key end
  end
  sort(keys, is_before)
  local total = count + #keys
  for i = 1, total do
    if i > MAX_MEMBERS or state.left <= 0 then
      list[i] = format("... %d more", total - i + 1)
      break
    end
    if i <= count then
      list[i] = show(state, rawget(value, i), depth + 1)
    else
      local key = keys[i - count]
      local member = rawget(value, key)
      local is_secret = type(key) == "string" and SECRETS[lower(key)] and type(member) == "string"
      list[i] = key_text(key) .. " = " .. (is_secret and '"***"' or show(state, member, depth + 1))
    end
  end
  return list
end

local function show_table(state, value, depth)
  if state.open[value] then return "<cycle>" end
  local object = object_text(value)
  if object then return object end
  if next(value) == nil then return "{}" end
  if depth >= MAX_DEPTH then return "{...}" end
  state.open[value] = true
  local list = members_of(state, value, depth)
  state.open[value] = nil
  local size, has_lines = 2 * depth, false
  for _, text in ipairs(list) do
    size = size + #text + 2
    has_lines = has_lines or find(text, "\n", 1, true) ~= nil
  end
  if size <= MAX_LINE and not has_lines then return "{ " .. concat(list, ", ") .. " }" end
  local indent = rep("  ", depth + 1)
  return "{\n" .. indent .. concat(list, ",\n" .. indent) .. "\n" .. rep("  ", depth) .. "}"
end

function show(state, value, depth)
  state.left = state.left - 1
  if type(value) == "table" then return show_table(state, value, depth) end
  return scalar(value)
end

--- Shows a value as readable text.
--     print(lofty.inspect(lead))
-- Members are sorted by name. Texts of fields with a secret's name, such as access_token, are shown as "***". At most
-- 200 bytes of a text, 100 members of a table, 8 levels and 2,000 values are shown; a table within itself is <cycle>.
-- @function inspect
-- @param value
-- @treturn string
return function(value)
  local text = show({ left = MAX_VALUES, open = {} }, value, 0)
  return text
end
