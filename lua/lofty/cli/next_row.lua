-- SPDX-License-Identifier: MIT

--- Reads the rows of a LuaSQL cursor.
-- @module lofty.cli.next_row

--- @tparam userdata cursor
-- @tparam[opt] table row the previous row, whose table is reused
-- @treturn ?table the next row, by column number; nil after the last one, where LuaSQL 2.8 returns an empty table.
-- Raises what SQLite says when a row cannot be read, such as in a damaged file
return function(cursor, row)
  local found, why = cursor:fetch(row or {}, "n")
  if why then error({ failed = "the database: " .. tostring(why) }, 0) end
  return found and next(found) ~= nil and found or nil
end
