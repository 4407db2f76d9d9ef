-- SPDX-License-Identifier: MIT

--- Reads the rows of a LuaSQL cursor.
-- @module lofty.cli.next_row

--- @tparam userdata cursor
-- @tparam[opt] table row the one before, to be used again
-- @treturn ?table the next row, by column number; nil where there is none, for which LuaSQL 2.8 gives an empty table
return function(cursor, row)
  local found = cursor:fetch(row or {}, "n")
  return found and next(found) ~= nil and found or nil
end
