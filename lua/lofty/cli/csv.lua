-- SPDX-License-Identifier: MIT

--- Writes comma-separated values (RFC 4180), on request in a form that spreadsheets open safely.
--
-- A spreadsheet takes a cell that begins with "=", "+", "-", "@" or a control character for a formula, and people whom
-- the account's owner does not know fill in names and messages (OWASP, "CSV Injection"). It also rounds numbers of
-- more than 15 digits. In the form for spreadsheets such cells begin with an apostrophe, and the file with a byte order
-- mark, without which Excel does not read UTF-8. `csv.unguard` takes the apostrophe off again.
-- @module lofty.cli.csv

local count = require "lofty.cli.count"

local byte, find, gsub = string.byte, string.find, string.gsub
local concat = table.concat

local csv = {}

local BYTE_ORDER_MARK = "\239\187\191"

-- First bytes of formulas, and of the full-width forms of =, +, - and @ (U+FF1D, U+FF0B, U+FF0D, U+FF20).
local FIRST_BYTES = {}
for character in ("=+-@\t\r\n\0\239"):gmatch "." do FIRST_BYTES[byte(character)] = true end

local function is_formula(text)
  local first = byte(text)
  return FIRST_BYTES[first] and (first ~= 239 or find(text, "^\239\188[\157\139\141\160]") ~= nil) or false
end

-- More digits than a spreadsheet keeps.
local LONG_NUMBER = "^%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d+$"

-- Whether a cell is written with an apostrophe. One that begins with apostrophes before such a text gets another, so
-- that csv.unguard gives back every text exactly.
local function is_guarded(text)
  if find(text, "^'") then
    text = gsub(text, "^'+", "", 1)
  elseif find(text, "^%-?%d+$") or find(text, "^%-?%d+%.%d+$") then
    return find(text, LONG_NUMBER) ~= nil
  end
  return is_formula(text) or find(text, LONG_NUMBER) ~= nil
end

--- A cell of the form for spreadsheets as it was before.
-- @tparam string text
-- @treturn string
function csv.unguard(text)
  return find(text, "^'") and is_guarded(text) and text:sub(2) or text
end

local Writer = {}
Writer.__index = Writer

--- Makes a writer.
-- @tparam ?boolean is_excel whether it writes the form for spreadsheets
-- @treturn table with `head(names)`, `line(fields)` and `warning()`
function csv.new(is_excel)
  return setmetatable({ is_excel = is_excel, formulas = 0 }, Writer)
end

--- One record as text, with its line end (CR LF).
-- A field is quoted when it contains a quote, a comma or a line end, or begins or ends with a space.
-- @tparam {string,...} fields
-- @treturn string
function Writer:line(fields)
  local out = {}
  for i, text in ipairs(fields) do
    if self.is_excel then
      if is_guarded(text) then text = "'" .. text end
    elseif is_formula(text) and not find(text, "^[+-][%d%s().-]*$") then
      self.formulas = self.formulas + 1
    end
    if find(text, '[",\r\n]') or find(text, "^%s") or find(text, "%s$") then
      text = '"' .. gsub(text, '"', '""') .. '"'
    end
    out[i] = text
  end
  -- A record of one empty field would be an empty line.
  if #out == 1 and out[1] == "" then out[1] = '""' end
  return concat(out, ",") .. "\r\n"
end

--- The first line, with the names of the fields.
-- @tparam {string,...} names
-- @treturn string
function Writer:head(names)
  return (self.is_excel and BYTE_ORDER_MARK or "") .. self:line(names)
end

--- What to tell a person about the cells that were written.
-- @treturn ?string nil when no cell looks like a formula
function Writer:warning()
  if self.formulas == 0 then return nil end
  return "a spreadsheet would take " .. count(self.formulas, "cell") .. " for a formula (begins with =, +, - or @): "
    .. "--excel guards against it"
end

return csv
