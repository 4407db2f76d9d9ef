-- SPDX-License-Identifier: MIT

--- Writes comma-separated values (RFC 4180).
-- @module lofty.cli.csv

local find, gsub = string.find, string.gsub
local concat = table.concat

local csv = {}

--- One record as text, with its line end (CR LF).
-- A field is quoted when it contains a quote, a comma or a line end, or begins or ends with a space.
-- @tparam {string,...} fields
-- @treturn string
function csv.line(fields)
  local out = {}
  for i, text in ipairs(fields) do
    if find(text, '[",\r\n]') or find(text, "^%s") or find(text, "%s$") then
      text = '"' .. gsub(text, '"', '""') .. '"'
    end
    out[i] = text
  end
  -- A record of one empty field would be an empty line.
  if #out == 1 and out[1] == "" then out[1] = '""' end
  return concat(out, ",") .. "\r\n"
end

return csv
