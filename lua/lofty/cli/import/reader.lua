-- SPDX-License-Identifier: MIT

--- Reads comma-separated values (RFC 4180) record by record, in linear time and flat memory.
--
-- Lines end with CR LF, LF or CR. A field that begins with a quote ends at the closing quote; in other fields, a quote
-- is text. Empty lines are skipped.
-- @module lofty.cli.import.reader

local byte, find, gsub, sub = string.byte, string.find, string.gsub, string.sub
local concat = table.concat

local reader = {}

--- The most bytes of a record, so that the whole rest of a file behind an unclosed quote is not read as one field.
reader.max_record = 1048576

local Reader = {}
Reader.__index = Reader

--- Guesses the separator from the first line: comma, semicolon or tab, whichever occurs most outside of quotes.
-- @tparam string text the beginning of the file
-- @treturn string
function reader.separator(text)
  local line = gsub(text, '"[^"]*"', "")
  line = line:match "^[\r\n]*([^\r\n]*)"
  local best, most = ",", 0
  for _, each in ipairs { ",", ";", "\t" } do
    local _, count = gsub(line, each, "")
    if count > most then best, most = each, count end
  end
  return best
end

--- Makes a reader.
-- @tparam function pieces gives the next piece of the text, nil at the end
-- @tparam[opt] string separator by default guessed from the first piece
-- @tparam[opt] string name of the file, for messages
-- @treturn table with `separator` and `record()`
function reader.new(pieces, separator, name)
  local self = setmetatable({ pieces = pieces, text = pieces() or "", at = 1, line = 1 }, Reader)
  self.place = name and name .. ", line " or "line "
  self.separator = separator or reader.separator(self.text)
  self.stop = "[" .. self.separator .. "\r\n]"
  return self
end

-- The next byte, without taking it; nil at the end.
local function peek(self)
  while self.at > #self.text do
    local piece = self.pieces()
    if not piece then return nil end
    self.text, self.at = piece, 1
  end
  return byte(self.text, self.at)
end

local function add(self, parts, piece)
  parts[#parts + 1] = piece
  self.size = self.size + #piece
  if self.size > reader.max_record then
    error({ failed = ("%s%d: the record has more than %d bytes; is there an unclosed quote?")
      :format(self.place, self.record_line, reader.max_record) }, 0)
  end
end

-- Takes text up to a byte that `pattern` matches, or to the end.
local function take_until(self, parts, pattern, plain)
  while peek(self) do
    local stop = find(self.text, pattern, self.at, plain)
    add(self, parts, sub(self.text, self.at, (stop or #self.text + 1) - 1))
    self.at = stop or #self.text + 1
    if stop then return true end
  end
  return false
end

local QUOTE, CR, LF = 34, 13, 10

local function quoted(self, parts)
  self.at = self.at + 1
  while true do
    local before = #parts
    local is_closed = take_until(self, parts, '"', true)
    for i = before + 1, #parts do
      local _, count = gsub(parts[i], "\n", "")
      self.line = self.line + count
    end
    if not is_closed then
      error({ failed = ("%s%d: a quote is not closed"):format(self.place, self.record_line) }, 0)
    end
    self.at = self.at + 1
    if peek(self) ~= QUOTE then return end
    self.at = self.at + 1
    add(self, parts, '"')
  end
end

-- Takes a line end.
local function end_line(self, first)
  self.at, self.line = self.at + 1, self.line + 1
  if first == CR and peek(self) == LF then self.at = self.at + 1 end
end

--- The next record.
-- @treturn[1] {string,...} fields
-- @treturn[1] number the line on which it begins
-- @treturn[2] nil at the end
function Reader:record()
  local first = peek(self)
  while first == CR or first == LF do
    end_line(self, first)
    first = peek(self)
  end
  if not first then return nil end
  self.record_line, self.size = self.line, 0
  local fields = {}
  while true do
    local parts = {}
    if peek(self) == QUOTE then quoted(self, parts) end
    take_until(self, parts, self.stop)
    fields[#fields + 1] = concat(parts)
    local stop = peek(self)
    if stop == nil then break end
    if stop == CR or stop == LF then
      end_line(self, stop)
      break
    end
    self.at = self.at + 1
  end
  return fields, self.record_line
end

return reader
