-- SPDX-License-Identifier: MIT

--- Guesses the encoding of a text file and reads it as UTF-8.
-- @module lofty.cli.import.encoding

local ascii = require "lofty.internal.ascii"

local byte, char, find = string.byte, string.char, string.find
local gsub, sub = string.gsub, string.sub
local floor = math.floor

local encoding = {}

local CHUNK = 65536

-- The code points of the bytes 0x80 to 0x9F in Windows-1252; false where there is none.
local WINDOWS_1252 = {
  0x20AC, false, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, false, 0x017D,
  false, false, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, false,
  0x017E, 0x0178,
}
local REPLACEMENT = 0xFFFD

-- A code point as UTF-8 (RFC 3629).
local function utf8_of(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64,
    0x80 + code % 64)
end

local from_1252 = {}
for number = 0x80, 0xFF do
  local code = number
  if number < 0xA0 then code = WINDOWS_1252[number - 0x7F] or REPLACEMENT end
  from_1252[char(number)] = utf8_of(code)
end

-- How many bytes from `at` on are one character beyond ASCII in UTF-8; nil when they are none; 0 when the text ends
-- within it.
local function character_size(text, at)
  local first = byte(text, at)
  local size = first < 0xC2 and 0 or first < 0xE0 and 2 or first < 0xF0 and 3 or first < 0xF5 and 4 or 0
  if size == 0 then return nil end
  for i = 1, size - 1 do
    local following = byte(text, at + i)
    if not following then return 0 end
    if following < 0x80 or following > 0xBF then return nil end
  end
  local second = byte(text, at + 1)
  if first == 0xE0 and second < 0xA0 or first == 0xED and second > 0x9F or first == 0xF0 and second < 0x90
    or first == 0xF4 and second > 0x8F then
    return nil
  end
  return size
end

-- Whether a text is UTF-8, and what is left at its end of a character that is not whole.
local function is_utf8(text)
  local at = find(text, "[\128-\255]")
  while at do
    local size = character_size(text, at)
    if not size then return false end
    if size == 0 then return true, sub(text, at) end
    at = find(text, "[\128-\255]", at + size)
  end
  return true, ""
end

local BOMS = {
  { "\239\187\191", "UTF-8" }, { "\255\254", "UTF-16LE" }, { "\254\255", "UTF-16BE" },
}

--- Reads a file once, in flat memory, to guess its encoding.
-- @tparam string path
-- @treturn[1] string "UTF-8", "UTF-16LE", "UTF-16BE" or "Windows-1252"
-- @treturn[1] number bytes of the byte order mark
-- @treturn[1] string a digest of the contents
-- @treturn[2] nil
-- @treturn[2] string why it cannot be read
function encoding.guess(path)
  local sha256 = require("lofty.crypto").sha256
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  if not file:seek "set" then
    file:close()
    return nil, path .. " is a pipe, but an import reads its file twice: save it first"
  end
  local name, skip, digest, rest, is_first = "UTF-8", 0, "", "", true
  while true do
    local chunk, problem = file:read(CHUNK)
    if not chunk then
      file:close()
      if problem then return nil, path .. ": " .. problem end
      break
    end
    digest = sha256(digest .. chunk)
    if is_first then
      is_first = false
      for _, bom in ipairs(BOMS) do
        if sub(chunk, 1, #bom[1]) == bom[1] then name, skip = bom[2], #bom[1] end
      end
      -- Without a mark: in UTF-16 every other byte of English text is 0.
      if skip == 0 and find(sub(chunk, 1, 4), "^[^%z]%z[^%z]%z") then name = "UTF-16LE" end
      if skip == 0 and find(sub(chunk, 1, 4), "^%z[^%z]%z[^%z]") then name = "UTF-16BE" end
    end
    if name == "UTF-8" then
      local ok, left = is_utf8(rest .. chunk)
      if ok then rest = left else name = "Windows-1252" end
    end
  end
  if name == "UTF-8" and rest ~= "" then name = "Windows-1252" end
  return name, skip, ascii.hex(digest)
end

local function from_utf16(text, is_big)
  local parts = {}
  local at = 1
  while at < #text do
    local a, b = byte(text, at, at + 1)
    local code = is_big and a * 256 + b or b * 256 + a
    at = at + 2
    if code >= 0xD800 and code <= 0xDBFF then
      local c, d = byte(text, at, at + 1)
      if not d then return table.concat(parts), sub(text, at - 2) end
      local low = is_big and c * 256 + d or d * 256 + c
      if low >= 0xDC00 and low <= 0xDFFF then
        code, at = 0x10000 + (code - 0xD800) * 1024 + low - 0xDC00, at + 2
      else
        code = REPLACEMENT
      end
    elseif code >= 0xDC00 and code <= 0xDFFF then
      code = REPLACEMENT
    end
    parts[#parts + 1] = utf8_of(code)
  end
  return table.concat(parts), sub(text, at)
end

--- Reads a file in pieces of UTF-8.
-- @tparam string path
-- @tparam string name of the encoding
-- @tparam number skip bytes of the byte order mark
-- @treturn[1] function gives the next piece, nil at the end
-- @treturn[2] nil
-- @treturn[2] string why it cannot be opened
function encoding.pieces(path, name, skip)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  file:seek("set", skip)
  local rest = ""
  return function()
    if not file then return nil end
    local chunk, problem = file:read(CHUNK)
    if not chunk then
      file:close()
      file = nil
      if problem then error({ failed = path .. ": " .. problem }, 0) end
      return nil
    end
    if name == "UTF-8" then return chunk end
    if name == "Windows-1252" then return (gsub(chunk, "[\128-\255]", from_1252)) end
    local text
    text, rest = from_utf16(rest .. chunk, name == "UTF-16BE")
    return text
  end
end

return encoding
