-- SPDX-License-Identifier: MIT

--- The tables of an export's database.
--
-- Each kind of record has a table of its name: `id` (all digits, as text), its columns as text, `record` (the whole
-- record as JSON), `first_seen`, `changed_at` and `deleted_at` (UTC, ISO 8601; deleted_at is NULL while the record
-- exists) and `seen_in` (the number of the last walk in which it came). Leads also have `children_due`: 1 while their
-- notes and tasks have to be fetched. Besides:
--
-- - `history(kind, id, field, old, new, at)`: the changes of the columns that `kinds` names as history; `old` is NULL
--   for a new record.
-- - `walks(of, number, cursor, is_resumed)`: the last walk of each export; `cursor` is NULL when it is complete.
-- @module lofty.cli.export.schema

local concat = table.concat

local schema = {}

--- A time as text.
function schema.time(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

--- Quotes an SQL identifier.
function schema.name(text)
  return '"' .. text:gsub('"', '""') .. '"'
end

--- Quotes a text. NUL, which would end SQL text, becomes U+FFFD.
-- @tparam ?string text
-- @treturn string
function schema.quote(text)
  if text == nil then return "NULL" end
  return "'" .. text:gsub("%z", "\239\191\189"):gsub("'", "''") .. "'"
end

--- The columns of a kind's table that come from the record, without the id.
function schema.columns(kind)
  local list = {}
  for _, name in ipairs(kind.columns) do
    if name ~= kind.id then list[#list + 1] = name end
  end
  return list
end

--- The statements that create missing tables and indexes.
-- @tparam {string=table} used name -> kind
-- @treturn {string,...}
function schema.statements(used)
  local list = {
    "CREATE TABLE IF NOT EXISTS history (kind TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL, old TEXT, "
      .. "new TEXT, at TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS history_of_record ON history (kind, id)",
    "CREATE TABLE IF NOT EXISTS walks (of TEXT PRIMARY KEY, number INTEGER NOT NULL, cursor TEXT, "
      .. "is_resumed INTEGER NOT NULL)",
  }
  for name, kind in pairs(used) do
    local columns = { "id TEXT PRIMARY KEY" }
    for _, column in ipairs(schema.columns(kind)) do columns[#columns + 1] = schema.name(column) .. " TEXT" end
    columns[#columns + 1] = "record TEXT NOT NULL, first_seen TEXT NOT NULL, changed_at TEXT NOT NULL, "
      .. "deleted_at TEXT, seen_in INTEGER NOT NULL"
    if name == "leads" then columns[#columns + 1] = "children_due INTEGER NOT NULL" end
    list[#list + 1] = ("CREATE TABLE IF NOT EXISTS %s (%s)"):format(name, concat(columns, ", "))
    if kind.of_lead then
      list[#list + 1] = ('CREATE INDEX IF NOT EXISTS %s_of_lead ON %s ("leadId")'):format(name, name)
    end
  end
  return list
end

return schema
