-- SPDX-License-Identifier: MIT

--- The fields of an operation, for the end of its help.
-- @module lofty.cli.operation_fields

local sorted_keys = require "lofty.cli.sorted_keys"

-- The line of a field.
local function describe(name, shape, required)
  local kind = shape.fields and "object" or shape.open and "object" or shape.as or shape.type or "text"
  local list = shape.enum or shape.known
  if list and #list <= 6 then
    local shown = {}
    for i, value in ipairs(list) do shown[i] = tostring(value) end
    kind = table.concat(shown, "|")
  end
  return ("  %-24s %s%s"):format(name, kind, required and " (required)" or "")
end

--- @tparam table op
-- @treturn ?string
return function(op)
  local shape = op.query or op.body
  if not shape or not shape.fields then return op.body and "Give the body with --input." or nil end
  local required, lines = {}, { "Fields:" }
  for _, name in ipairs(shape.required or {}) do required[name] = true end
  for _, name in ipairs(sorted_keys(shape.fields)) do
    lines[#lines + 1] = describe(name, shape.fields[name], required[name])
  end
  return table.concat(lines, "\n")
end
