-- SPDX-License-Identifier: MIT

--- Makes text safe to print: see `lofty.errors.sanitize`, which is this function. It needs no C module, so that the
-- command can report that they are missing.
-- @module lofty.internal.sanitize

local byte, find, format, gsub, sub = string.byte, string.find, string.format, string.gsub, string.sub

-- Bidirectional controls, which change the order in which a terminal shows what follows, and the line and paragraph
-- separators (Unicode Standard Annex 9, sections 2.1 to 2.6).
local function is_unsafe(code)
  return code < 0xA0 or code == 0x61C or code == 0x200E or code == 0x200F or code >= 0x2028 and code <= 0x202E
    or code >= 0x2066 and code <= 0x2069 or code == 0xFEFF
end

local function escape_byte(c)
  return format("\\x%02x", byte(c))
end

-- At most `max` bytes, without half a character at the end.
local function cut(text, max)
  while max > 0 and byte(text, max + 1) >= 0x80 and byte(text, max + 1) < 0xC0 do max = max - 1 end
  return sub(text, 1, max)
end

-- Returns one lead byte of UTF-8 and the continuation bytes that follow it unchanged, or escaped if they are not UTF-8
-- (RFC 3629) or not safe to print.
local function escape_character(lead, rest)
  local first = byte(lead)
  local size = first < 0xC2 and 0 or first < 0xE0 and 1 or first < 0xF0 and 2 or first < 0xF5 and 3 or 0
  if size == 0 or #rest < size then return (gsub(lead .. rest, ".", escape_byte)) end
  local code = first % (size == 1 and 32 or size == 2 and 16 or 8)
  for i = 1, size do code = code * 64 + byte(rest, i) % 64 end
  local least = size == 1 and 0x80 or size == 2 and 0x800 or 0x10000
  if code < least or code > 0x10FFFF or code >= 0xD800 and code <= 0xDFFF then
    return (gsub(lead .. rest, ".", escape_byte))
  end
  local shown = is_unsafe(code) and format("\\u{%x}", code) or lead .. sub(rest, 1, size)
  return shown .. gsub(sub(rest, size + 1), ".", escape_byte)
end

return function(text, max)
  -- Cut first: a body of megabytes must not cost more than the part that is shown.
  local is_cut = max and #text > max
  if is_cut then text = cut(text, max) end
  if find(text, "[^\32-\126]") then
    text = gsub(gsub(text, "[\r\n\t]+", " "), "[^\32-\126\128-\255]", escape_byte)
    text = gsub(text, "([\128-\255])([\128-\191]*)", escape_character)
  end
  if max and #text > max then is_cut, text = true, cut(text, max) end
  return is_cut and text .. "..." or text
end
