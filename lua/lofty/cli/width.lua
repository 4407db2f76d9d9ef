-- SPDX-License-Identifier: MIT

--- How many columns a text takes in a terminal.
-- @module lofty.cli.width

local ranges = require "lofty.cli.width_ranges"

local byte, find, gmatch, rep = string.byte, string.find, string.gmatch, string.rep
local floor = math.floor

local ZERO_WIDTH_JOINER, EMOJI_SELECTOR = 0x200D, 0xFE0F
local FIRST_SKIN_TONE, LAST_SKIN_TONE = 0x1F3FB, 0x1F3FF

local width = {}

-- Whether a code point is in one of the ranges.
local function is_in(list, code)
  local low, high = 1, #list / 2
  while low <= high do
    local middle = floor((low + high) / 2)
    if code < list[2 * middle - 1] then
      high = middle - 1
    elseif code > list[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

local function code_of(character)
  local first = byte(character)
  if first < 0x80 then return first end
  local code = first < 0xE0 and first % 32 or first < 0xF0 and first % 16 or first % 8
  for i = 2, #character do code = code * 64 + byte(character, i) % 64 end
  return code
end

-- Calls step(character, columns) for each character; columns counts what it adds to the width. Stops when step returns
-- true. Joined emoji (U+200D), and an emoji with a skin tone, take the two columns of the first.
local function walk(text, step)
  local before, joined
  for character in gmatch(text, "[%z\1-\127\192-\255][\128-\191]*") do
    local code = code_of(character)
    local columns = 1
    if code == EMOJI_SELECTOR then
      columns = before and is_in(ranges.emoji, before) and 1 or 0
    elseif joined and code >= 0x80 then
      columns = 0
    elseif code >= FIRST_SKIN_TONE and code <= LAST_SKIN_TONE and before and before >= 0x261D then
      columns = 0
    elseif code >= 0x300 and is_in(ranges.zero, code) then
      columns = 0
    elseif code >= 0x1100 and is_in(ranges.wide, code) then
      columns = 2
    end
    joined = code == ZERO_WIDTH_JOINER
    before = code
    if step(character, columns) then return end
  end
end

--- The columns of a text.
-- @tparam string text valid UTF-8 without control characters, as `lofty.errors.sanitize` gives it
-- @treturn number
function width.of(text)
  if not find(text, "[\128-\255]") then return #text end
  local total = 0
  walk(text, function(_, columns) total = total + columns end)
  return total
end

--- Cuts a text to a width; a text that was cut ends in an ellipsis.
-- @tparam string text
-- @tparam number columns 1 or more
-- @treturn string
-- @treturn number its width, at most `columns`
function width.cut(text, columns)
  local total = width.of(text)
  if total <= columns then return text, total end
  local kept, used = {}, 0
  walk(text, function(character, more)
    if used + more > columns - 1 then return true end
    kept[#kept + 1], used = character, used + more
  end)
  return table.concat(kept) .. "…", used + 1
end

--- Cuts or pads a text to exactly a width.
-- @tparam string text
-- @tparam number columns
-- @treturn string
function width.fit(text, columns)
  local shown, used = width.cut(text, columns)
  return shown .. rep(" ", columns - used)
end

return width
