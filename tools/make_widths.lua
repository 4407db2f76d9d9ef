-- SPDX-License-Identifier: MIT

--- Makes lua/lofty/cli/width_ranges.lua, the widths of characters in a terminal, of the Unicode Character Database.
--
--     lua5.4 tools/make_widths.lua FOLDER > lua/lofty/cli/width_ranges.lua
--
-- FOLDER holds EastAsianWidth.txt, extracted/DerivedGeneralCategory.txt and emoji/emoji-variation-sequences.txt, as the
-- Debian package unicode-data has them in /usr/share/unicode.

local folder = arg[1] or "/usr/share/unicode"

-- Calls add(first, last, value) for each line "FIRST..LAST ; VALUE # comment" of a file.
local function read(name, add)
  for line in io.lines(folder .. "/" .. name) do
    local first, last, value = line:match "^(%x+)%.%.(%x+)%s*;%s*([%w_]+)"
    if not first then
      first, value = line:match "^(%x+)%s*;%s*([%w_]+)"
      last = first
    end
    if first then add(tonumber(first, 16), tonumber(last, 16), value) end
  end
end

local version = io.open(folder .. "/EastAsianWidth.txt"):read("*l"):match "%-([%d.]+)%.txt"
local widths = {}

read("EastAsianWidth.txt", function(first, last, value)
  if value ~= "W" and value ~= "F" then return end
  for code = first, last do widths[code] = "wide" end
end)
-- Marks that combine with the character before them, and format characters, take no column.
read("extracted/DerivedGeneralCategory.txt", function(first, last, value)
  if value ~= "Mn" and value ~= "Me" and value ~= "Cf" then return end
  for code = first, last do widths[code] = "zero" end
end)
-- Terminals show the soft hyphen.
widths[0xAD] = nil
-- Vowels and final consonants of Hangul combine with the consonant before them (Unicode Standard, section 3.12).
for code = 0x1160, 0x11FF do widths[code] = "zero" end
for code = 0xD7B0, 0xD7FB do widths[code] = "zero" end

-- Characters that an emoji variation selector (U+FE0F) makes an emoji of two columns.
local emoji = {}
for line in io.lines(folder .. "/emoji/emoji-variation-sequences.txt") do
  local base = line:match "^(%x+) FE0F"
  base = base and tonumber(base, 16)
  if base and not widths[base] then emoji[base] = "emoji" end
end

local function ranges(map, kind)
  local out = {}
  local code = 0
  while code <= 0x10FFFF do
    if map[code] == kind then
      local first = code
      while map[code + 1] == kind do code = code + 1 end
      out[#out + 1] = ("0x%X,0x%X"):format(first, code)
    end
    code = code + 1
  end
  return out
end

local function write(name, list)
  io.write("  ", name, " = {\n")
  local line = "   "
  for _, range in ipairs(list) do
    if #line + #range + 2 > 120 then
      io.write(line, "\n")
      line = "   "
    end
    line = line .. " " .. range .. ","
  end
  io.write(line, "\n  },\n")
end

io.write(([[
-- SPDX-License-Identifier: MIT

--- Widths of characters in a terminal, from the Unicode Character Database, version %s.
--
-- Made by tools/make_widths.lua.
-- Each list holds the first and the last code point of each range, ascending.
-- @module lofty.cli.width_ranges

return {
  version = "%s",
]]):format(version, version))
io.write("  -- No column: combining marks and format characters.\n")
write("zero", ranges(widths, "zero"))
io.write("  -- Two columns: East Asian Wide and Fullwidth, and emoji that are shown as such by default.\n")
write("wide", ranges(widths, "wide"))
io.write("  -- Two columns when U+FE0F follows.\n")
write("emoji", ranges(emoji, "emoji"))
io.write("}\n")
