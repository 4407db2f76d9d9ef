-- SPDX-License-Identifier: MIT

--- JSON with exact integers. It is the emulator's own, so that the library's is not tested with itself.
--
-- An integer of more than 14 digits, and every id, is a `json.int`: equal numbers are the same table, and it is encoded
-- as its digits. Runs on every Lua, because the specs read the emulator's responses with it.
-- @module lofty.sandbox.server.json

local byte, char, find, format, sub = string.byte, string.char, string.find, string.format, string.sub
local gsub, match, rep = string.gsub, string.match, string.rep
local concat, sort = table.concat, table.sort
local floor = math.floor

local json = {}

local Int = {}
Int.__index = Int
Int.__name = "sandbox.int"
function Int.__tostring(int) return int.digits end

local interned = setmetatable({}, { __mode = "v" })

--- The integer with these decimal digits; the same table for the same digits.
-- @param digits a string of digits, a whole number, or such an integer
function json.int(digits)
  if getmetatable(digits) == Int then return digits end
  if type(digits) == "number" then digits = format("%.0f", digits) end
  local int = interned[digits]
  if not int then
    assert(match(digits, "^%-?%d+$"), "not an integer")
    int = setmetatable({ digits = digits }, Int)
    interned[digits] = int
  end
  return int
end

--- The decimal digits of an integer of either kind, else nil.
function json.digits(value)
  if getmetatable(value) == Int then return value.digits end
  if type(value) == "number" and value == floor(value) and value > -1e15 and value < 1e15 then
    return format("%.0f", value)
  end
  return nil
end

--- JSON's null.
json.null = setmetatable({}, { __tostring = function() return "null" end, __name = "sandbox.null" })

local Array = { __name = "sandbox.array" }

--- Marks a table as an array, so that an empty one is `[]`.
function json.array(list) return setmetatable(list or {}, Array) end

--- True for a table that was decoded from an array or will be encoded as one.
function json.is_array(value)
  return type(value) == "table" and (getmetatable(value) == Array or (getmetatable(value) == nil and #value > 0))
end

local Raw = {}

--- Marks a text as JSON, so that it is encoded as it is.
function json.raw(text) return setmetatable({ text = text }, Raw) end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
                  ["\b"] = "\\b", ["\f"] = "\\f" }
local function escape(c) return escapes[c] or format("\\u%04x", byte(c)) end

local function number(value)
  if value == floor(value) and value > -1e15 and value < 1e15 then return format("%.0f", value) end
  assert(value == value and value > -math.huge and value < math.huge, "not a JSON number")
  local text = format("%.14g", value)
  return tonumber(text) == value and text or format("%.17g", value)
end

local write

local function write_object(object, out)
  local names = {}
  for name in pairs(object) do names[#names + 1] = name end
  sort(names)
  out[#out + 1] = "{"
  for i, name in ipairs(names) do
    out[#out + 1] = (i > 1 and ',"' or '"') .. gsub(name, '[%c"\\\127]', escape) .. '":'
    write(object[name], out)
  end
  out[#out + 1] = "}"
end

function write(value, out)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = '"' .. gsub(value, '[%c"\\\127]', escape) .. '"'
  elseif kind == "number" then
    out[#out + 1] = number(value)
  elseif kind == "boolean" then
    out[#out + 1] = value and "true" or "false"
  elseif value == json.null or value == nil then
    out[#out + 1] = "null"
  else
    assert(kind == "table", "no JSON for this type")
    local meta = getmetatable(value)
    if meta == Int then
      out[#out + 1] = value.digits
    elseif meta == Raw then
      out[#out + 1] = value.text
    elseif json.is_array(value) then
      out[#out + 1] = "["
      for i = 1, #value do
        if i > 1 then out[#out + 1] = "," end
        write(value[i], out)
      end
      out[#out + 1] = "]"
    else
      write_object(value, out)
    end
  end
end

--- A value as JSON text; names are sorted, an empty table is `{}` unless it is a `json.array`.
function json.encode(value)
  local out = {}
  write(value, out)
  return concat(out)
end

local MAX_DEPTH = 100

local function fail(at, why) error({ json = why .. " at byte " .. at }, 0) end

local plain = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8(point)
  if point < 0x80 then return char(point) end
  if point < 0x800 then return char(0xC0 + floor(point / 64), 0x80 + point % 64) end
  if point < 0x10000 then
    return char(0xE0 + floor(point / 4096), 0x80 + floor(point / 64) % 64, 0x80 + point % 64)
  end
  return char(0xF0 + floor(point / 262144), 0x80 + floor(point / 4096) % 64, 0x80 + floor(point / 64) % 64,
              0x80 + point % 64)
end

-- Reads one escape that begins at the backslash; returns its text and the position after it.
local function read_escape(s, at)
  local c = sub(s, at + 1, at + 1)
  if plain[c] then return plain[c], at + 2 end
  local hex = c == "u" and match(s, "^%x%x%x%x", at + 2) or fail(at, "a bad escape")
  local point = tonumber(hex, 16)
  if point >= 0xDC00 and point < 0xE000 then fail(at, "a lone surrogate") end
  if point < 0xD800 or point >= 0xE000 then return utf8(point), at + 6 end
  local low = tonumber(match(s, "^\\u([dD][c-fC-F]%x%x)", at + 6) or fail(at, "a lone surrogate"), 16)
  return utf8(0x10000 + (point - 0xD800) * 1024 + (low - 0xDC00)), at + 12
end

-- RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
local function check_utf8(text, at)
  local i, n = 1, #text
  while true do
    i = find(text, "[\128-\255]", i)
    if not i then return end
    local b, c = byte(text, i, i + 1)
    local more = b >= 0xC2 and b <= 0xDF and 1 or b >= 0xE0 and b <= 0xEF and 2 or b >= 0xF0 and b <= 0xF4 and 3
    if not more or i + more > n or (b == 0xE0 and c < 0xA0) or (b == 0xED and c > 0x9F)
      or (b == 0xF0 and c < 0x90) or (b == 0xF4 and c > 0x8F)
      or not find(text, "^" .. rep("[\128-\191]", more), i + 1) then
      fail(at + i, "bytes that are not UTF-8")
    end
    i = i + more + 1
  end
end

--- True when a text is UTF-8 throughout.
function json.is_utf8(text) return (pcall(check_utf8, text, 0)) end

local function read_string(s, at)
  local close = find(s, '["\\%c]', at + 1)
  if close and byte(s, close) == 34 then -- the common case: nothing to unescape
    local text = sub(s, at + 1, close - 1)
    check_utf8(text, at)
    return text, close + 1
  end
  local out, from = {}, at + 1
  while true do
    close = find(s, '["\\%c]', from) or fail(at, "a string without an end")
    out[#out + 1] = sub(s, from, close - 1)
    local c = byte(s, close)
    if c == 34 then break end
    if c == 92 then
      out[#out + 1], from = read_escape(s, close)
    elseif c == 127 then
      out[#out + 1], from = "\127", close + 1
    else
      fail(close, "a control character in a string")
    end
  end
  local text = concat(out)
  check_utf8(text, at)
  return text, close + 1
end

local function read_number(s, at)
  local whole = match(s, "^%-?[1-9]%d*", at) or match(s, "^%-?0", at) or fail(at, "no value")
  local next_at = at + #whole
  local fraction = match(s, "^%.%d+", next_at) or ""
  local exponent = match(s, "^[eE][+-]?%d+", next_at + #fraction) or ""
  next_at = next_at + #fraction + #exponent
  if find(s, "^[%d%.eE+-]", next_at) then fail(next_at, "a bad number") end
  if fraction == "" and exponent == "" then
    if #whole > 14 then return json.int(whole), next_at end
    return tonumber(whole), next_at
  end
  return tonumber(whole .. fraction .. exponent), next_at
end

local function space(s, at) return find(s, "[^ \t\r\n]", at) or #s + 1 end

local read

local function read_list(s, at, depth)
  local list = json.array {}
  at = space(s, at + 1)
  if byte(s, at) == 93 then return list, at + 1 end
  while true do
    list[#list + 1], at = read(s, at, depth)
    at = space(s, at)
    local c = byte(s, at)
    if c == 93 then return list, at + 1 end
    if c ~= 44 then fail(at, "no comma or ]") end
    at = space(s, at + 1)
  end
end

local function read_object(s, at, depth)
  local object = {}
  at = space(s, at + 1)
  if byte(s, at) == 125 then return object, at + 1 end
  while true do
    if byte(s, at) ~= 34 then fail(at, "no name") end
    local name
    name, at = read_string(s, at)
    at = space(s, at)
    if byte(s, at) ~= 58 then fail(at, "no colon") end
    if object[name] ~= nil then fail(at, "a name twice") end -- the emulator is strict: a name must not occur twice
    object[name], at = read(s, space(s, at + 1), depth)
    at = space(s, at)
    local c = byte(s, at)
    if c == 125 then return object, at + 1 end
    if c ~= 44 then fail(at, "no comma or }") end
    at = space(s, at + 1)
  end
end

function read(s, at, depth)
  if depth > MAX_DEPTH then fail(at, "too deep") end
  local c = byte(s, at)
  if c == 34 then return read_string(s, at) end
  if c == 123 then return read_object(s, at, depth + 1) end
  if c == 91 then return read_list(s, at, depth + 1) end
  if find(s, "^true", at) then return true, at + 4 end
  if find(s, "^false", at) then return false, at + 5 end
  if find(s, "^null", at) then return json.null, at + 4 end
  return read_number(s, at)
end

--- Decodes a JSON text, strictly by RFC 8259.
-- @treturn[1] any value
-- @treturn[2] nil
-- @treturn[2] string what is wrong and at which byte
function json.decode(text)
  local ok, value, at = pcall(read, text, space(text, 1), 0)
  if not ok then
    if type(value) == "table" and value.json then return nil, value.json end
    error(value, 0)
  end
  at = space(text, at)
  if at <= #text then return nil, "more after the value at byte " .. at end
  return value
end

return json
