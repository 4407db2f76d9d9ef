-- SPDX-License-Identifier: MIT

--- Opens SQLite databases and reads their rows, with LuaSQL.
-- @module lofty.cli.sqlite

local sqlite = {}

-- Milliseconds to wait for another process that reads or writes. LuaSQL 2.6 has no function that sets it.
local BUSY_TIMEOUT = "PRAGMA busy_timeout = 10000"

--- Opens a database, which is created if it does not exist.
-- @tparam string option the one that names the database, for the message when LuaSQL is missing
-- @tparam string path
-- @treturn[1] userdata connection
-- @treturn[1] function closes it
-- @treturn[2] nil
-- @treturn[2] string what is wrong
-- @treturn[2] boolean true: LuaSQL is missing
function sqlite.open(option, path)
  local found, luasql = pcall(require, "luasql.sqlite3")
  if not found then
    return nil, option .. " needs LuaSQL: install lua-sql-sqlite3 (Debian) or luasql-sqlite3 (LuaRocks)", true
  end
  local environment = luasql.sqlite3()
  local connection, why = environment:connect(path)
  if not connection then
    environment:close()
    return nil, tostring(why), false
  end
  local set = connection:execute(BUSY_TIMEOUT)
  if set then set:close() end
  return connection, function()
    connection:close()
    environment:close()
  end
end

--- Reads the next row of a cursor.
-- @tparam userdata cursor
-- @tparam[opt] table row the previous row, whose table is reused
-- @treturn ?table the next row, by column number; nil after the last one, where LuaSQL 2.8 returns an empty table.
-- Raises what SQLite says when a row cannot be read, such as in a damaged file
function sqlite.next_row(cursor, row)
  local found, why = cursor:fetch(row or {}, "n")
  if why then error({ failed = "the database: " .. tostring(why) }, 0) end
  return found and next(found) ~= nil and found or nil
end

return sqlite
