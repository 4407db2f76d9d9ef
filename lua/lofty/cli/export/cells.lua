-- SPDX-License-Identifier: MIT

--- The text of a record's field in a CSV file or a column.
-- @module lofty.cli.export.cells

local concat = table.concat
local type = type

local cells = {}

-- Lists of objects that are shown by one field of each.
local NAMED = { tags = "tagName" }

--- The text of a field.
-- A list of texts is joined with "; ", tags by their names; other lists and objects become JSON.
-- @tparam table record
-- @tparam string name
-- @treturn ?string nil when the record does not have the field
function cells.text(record, name)
  local lofty = require "lofty"
  local value = record[name]
  if value == nil or value == lofty.null then return nil end
  if type(value) == "string" then return value end
  if type(value) ~= "table" then return (lofty.json.encode(value)) end
  local parts = {}
  for i, item in ipairs(value) do
    if type(item) == "table" and NAMED[name] then item = item[NAMED[name]] end
    if type(item) == "table" or item == nil then return (lofty.json.encode(value)) end
    parts[i] = type(item) == "string" and item or lofty.json.encode(item)
  end
  if #parts == 0 then return next(value) == nil and "" or (lofty.json.encode(value)) end
  return concat(parts, "; ")
end

return cells
