-- SPDX-License-Identifier: MIT

--- Writes an export to an SQLite database, and brings it up to date when it is run again.
--
-- Each page is written in one transaction, together with its cursor. So a process that is killed at any time leaves
-- whole pages, and the next run continues with the last of them. A walk without a filter marks the records that it did
-- not contain as deleted, unless it was interrupted, or contained fewer different records than the server stated (a
-- list that changes during a walk may skip records), or was empty without a stated total of 0.
-- @module lofty.cli.export.database

local cells = require "lofty.cli.export.cells"
local counted = require "lofty.cli.count"
local kinds = require "lofty.cli.export.kinds"
local schema = require "lofty.cli.export.schema"
local sqlite = require "lofty.cli.sqlite"

local concat = table.concat
local next_row, quote = sqlite.next_row, schema.quote

local database = {}

-- How many leads are read from the database at a time, to fetch their notes and tasks.
local BATCH = 100

local Database = {}
Database.__index = Database

-- What to do about SQLite's messages.
local HINTS = {
  ["is locked"] = "another process uses it: run this again when that has ended",
  ["no such column"] = "it was not written by this version of `lofty export`: name another file",
  ["not a database"] = "name another file",
  ["is malformed"] = "restore it from a copy, or name another file",
  ["is full"] = "make room, then run this again",
}

function Database:execute(statement)
  local done, why = self.connection:execute(statement)
  if done then return done end
  why = tostring(why)
  for text, hint in pairs(HINTS) do
    if why:find(text, 1, true) then why = why .. "; " .. hint end
  end
  error({ failed = ("the database %s: %s"):format(self.path, why) }, 0)
end

-- Calls fn with each row of a query, a table by column number.
function Database:each_row(query, fn)
  local rows = self:execute(query)
  local row = next_row(rows)
  while row do
    fn(row)
    row = next_row(rows, row)
  end
  rows:close()
end

-- The first row; nil when there is none.
function Database:first(query)
  local rows = self:execute(query)
  local row = next_row(rows)
  rows:close()
  return row
end

-- Calls fn in a transaction, which is rolled back when fn raises.
function Database:transaction(fn)
  self:execute "BEGIN IMMEDIATE"
  local ok, raised = pcall(fn)
  if not ok then
    self.connection:execute "ROLLBACK"
    error(raised, 0)
  end
  self:execute "COMMIT"
end

local function open(path, used)
  local connection, close, is_missing = sqlite.open("--to sqlite", path)
  if not connection then return nil, is_missing and close or "cannot open " .. path .. ": " .. close end
  local self = setmetatable({ connection = connection, close = close, path = path }, Database)
  for _, statement in ipairs(schema.statements(used)) do self:execute(statement) end
  return self
end

-- The ids of a page's records. A record without an id is an error.
local function ids_of(kind, items)
  local ids = {}
  for i, record in ipairs(items) do
    local value = record[kind.id]
    local id = type(value) ~= "table" and type(value) ~= "boolean" and cells.text(record, kind.id)
    if not id or id == "" then
      local _, err = require("lofty.api.expect").failure(kind.resource .. "." .. kind.verb, nil,
        ("item %d of the list has no %s"):format(i, kind.id))
      error(err, 0)
    end
    ids[i] = id
  end
  return ids
end

-- The rows that the table has for these ids: id -> { record, deleted_at, history columns... }.
function Database:known(name, kind, ids)
  local quoted, columns = {}, {}
  for i, id in ipairs(ids) do quoted[i] = quote(id) end
  for i, column in ipairs(kind.history) do columns[i] = ", " .. schema.name(column) end
  local known = {}
  self:each_row(("SELECT id, record, deleted_at%s FROM %s WHERE id IN (%s)")
    :format(concat(columns), name, concat(quoted, ", ")), function(row)
    local copy = { record = row[2], deleted_at = row[3] }
    for i, column in ipairs(kind.history) do copy[column] = row[3 + i] end
    known[row[1]] = copy
  end)
  return known
end

function Database:keep_history(name, kind, id, record, old)
  for _, field in ipairs(kind.history) do
    local value = cells.text(record, field)
    if not old or old[field] ~= value then
      self:execute(("INSERT INTO history VALUES (%s, %s, %s, %s, %s, %s)"):format(quote(name), quote(id), quote(field),
        quote(old and old[field]), quote(value), quote(self.now)))
    end
  end
end

-- Writes the records of a page; returns how many are new or differ.
function Database:put(name, kind, items, number)
  local ids = ids_of(kind, items)
  local known, changed, unchanged = self:known(name, kind, ids), 0, {}
  local columns = schema.columns(kind)
  for i, record in ipairs(items) do
    local id, text = ids[i], assert(require("lofty").json.encode(record))
    local old = known[id]
    if old and old.record == text and not old.deleted_at then
      unchanged[#unchanged + 1] = quote(id)
    else
      changed = changed + 1
      local names, list, updates = { "id" }, { quote(id) }, {}
      local function set(column, value, is_kept)
        names[#names + 1], list[#list + 1] = schema.name(column), value
        if not is_kept then updates[#updates + 1] = schema.name(column) .. " = excluded." .. schema.name(column) end
      end
      for _, column in ipairs(columns) do set(column, quote(cells.text(record, column))) end
      set("record", quote(text))
      set("first_seen", quote(self.now), true)
      set("changed_at", quote(self.now))
      set("deleted_at", "NULL")
      set("seen_in", ("%d"):format(number))
      if name == "leads" then set("children_due", "1") end
      self:execute(("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (id) DO UPDATE SET %s")
        :format(name, concat(names, ", "), concat(list, ", "), concat(updates, ", ")))
      self:keep_history(name, kind, id, record, old)
      -- A page may contain a record twice.
      known[id] = { record = text }
      for _, field in ipairs(kind.history) do known[id][field] = cells.text(record, field) end
    end
  end
  if #unchanged > 0 then
    self:execute(("UPDATE %s SET seen_in = %d WHERE id IN (%s)"):format(name, number, concat(unchanged, ", ")))
  end
  return changed
end

-- The interrupted walk to continue, or a new one: number, cursor, whether it was interrupted.
function Database:begin_walk(of)
  local row = self:first(("SELECT number, cursor, is_resumed FROM walks WHERE of = %s"):format(quote(of)))
  if row and row[2] then
    self:execute(("UPDATE walks SET is_resumed = 1 WHERE of = %s"):format(quote(of)))
    return math.floor(tonumber(row[1])), row[2], true
  end
  -- Numbers are unique among all walks, so that seen_in tells them apart.
  local last = self:first "SELECT MAX(number) FROM walks"
  local number = math.floor(tonumber(last and last[1] or 0) or 0) + 1
  self:execute(("INSERT OR REPLACE INTO walks VALUES (%s, %d, NULL, 0)"):format(quote(of), number))
  return number, nil, false
end

-- Why no record is marked as deleted after a walk; nil when the missing ones are to be marked.
function Database:reason_to_keep(job, number, is_resumed, stated)
  if is_resumed then
    return "No record was marked as deleted, since this run continued an interrupted one: run the command again."
  end
  local came = tonumber(self:first(("SELECT COUNT(*) FROM %s WHERE seen_in >= %d"):format(job.name, number))[1])
  if came < stated then
    return ("No record was marked as deleted, since the list had %d different records but the server stated %.0f: run "
      .. "the command again."):format(came, stated)
  end
  local live = self:first(("SELECT COUNT(*) FROM %s WHERE deleted_at IS NULL"):format(job.name))[1]
  if came == 0 and tonumber(live) > 0 and not job.is_empty() then
    return "No record was marked as deleted, since the list was empty but the server did not state a total of 0."
  end
end

-- Walks the list. Returns how many records came, how many of them are new or changed, how many records are marked as
-- deleted, and why none is.
function Database:walk(job)
  local number, cursor, is_resumed = self:begin_walk(job.of)
  local count, changed, stated = 0, 0, 0
  for items, at, total in job.walk(cursor) do
    if total and total > stated then stated = total end
    self:transaction(function()
      changed = changed + self:put(job.name, job.kind, items, number)
      self:execute(("UPDATE walks SET cursor = %s WHERE of = %s"):format(quote(at), quote(job.of)))
    end)
    count = count + #items
    job.progress:show(count, total)
  end
  local gone, reason = 0, job.is_whole and self:reason_to_keep(job, number, is_resumed, stated) or nil
  self:transaction(function()
    if job.is_whole and not reason then
      -- A later walk may run at the same time: what it has seen exists.
      gone = self:execute(("UPDATE %s SET deleted_at = %s WHERE deleted_at IS NULL AND seen_in < %d")
        :format(job.name, quote(self.now), number))
    end
    self:execute(("UPDATE walks SET cursor = NULL WHERE of = %s"):format(quote(job.of)))
  end)
  return count, changed, tonumber(gone), reason
end

-- Writes the notes or tasks of one lead; those that did not come are marked as deleted.
function Database:put_children(name, lead, items)
  local kind = kinds[name]
  self:put(name, kind, items, 0)
  local quoted = {}
  for i, id in ipairs(ids_of(kind, items)) do quoted[i] = quote(id) end
  self:execute(('UPDATE %s SET deleted_at = %s WHERE "leadId" = %s AND deleted_at IS NULL AND id NOT IN (%s)')
    :format(name, quote(self.now), quote(lead), concat(quoted, ", ")))
end

-- The notes or tasks of a lead; none if the lead has been deleted meanwhile.
local function children_of(crm, name, lead)
  local kind = kinds[name]
  local items, err = crm[kind.resource][kind.verb]:all { leadId = lead }
  if items then
    -- The id that was asked for, which has all digits.
    for _, record in ipairs(items) do record.leadId = lead end
    return items
  end
  if err.kind ~= "not_found" then error(err, 0) end
  return {}
end

-- Fetches the notes and tasks of the leads that changed.
function Database:fetch_children(context, job)
  local due = self:first "SELECT COUNT(*) FROM leads WHERE children_due = 1 AND deleted_at IS NULL"
  due = math.floor(tonumber(due[1]))
  if due == 0 then
    context:say("No lead has changed, so no calls are needed for ", concat(job.children, " and "))
    return
  end
  local calls = due * #job.children
  context:say(("%s changed: fetching %s takes %s"):format(counted(due, "lead"), concat(job.children, " and "),
    counted(calls, "call")))
  local done = 0
  repeat
    local batch = {}
    self:each_row(("SELECT id FROM leads WHERE children_due = 1 AND deleted_at IS NULL LIMIT %d"):format(BATCH),
      function(row) batch[#batch + 1] = row[1] end)
    for _, lead in ipairs(batch) do
      local found = {}
      for _, name in ipairs(job.children) do found[name] = children_of(job.crm, name, lead) end
      self:transaction(function()
        for name, items in pairs(found) do self:put_children(name, lead, items) end
        self:execute(("UPDATE leads SET children_due = 0 WHERE id = %s"):format(quote(lead)))
      end)
      done = done + 1
      job.progress:show(done, due)
    end
  until #batch == 0
end

--- Brings the database up to date.
-- @tparam table context
-- @tparam table job `name`, `kind`, `crm`, `of`, `is_whole` (no filter), `children` (names for --with), `progress`,
--   `walk(cursor)`, `is_empty()` (whether the server states that the list has no records)
-- @tparam string path
-- @treturn[1] number how many records came
-- @treturn[2] nil
-- @treturn[2] string why the export could not start
function database.write(context, job, path)
  local used = { [job.name] = job.kind }
  for _, name in ipairs(job.children) do used[name] = kinds[name] end
  local self, why = open(path, used)
  if not self then return nil, why end
  self.now = schema.time(context.streams.now())
  local ok, raised = pcall(function()
    local count, changed, gone, reason = self:walk(job)
    job.progress:clear()
    context:say(("%s: %d new or changed, %d deleted"):format(counted(count, "record"), changed, gone))
    if reason then context:say(reason) end
    if #job.children > 0 then self:fetch_children(context, job) end
    return count
  end)
  self.close()
  if not ok then error(raised, 0) end
  return raised
end

return database
