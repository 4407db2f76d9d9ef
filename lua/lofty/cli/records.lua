-- SPDX-License-Identifier: MIT

--- Writes records as a table, CSV or JSON lines, and chosen fields of records: see `lofty.cli.output`.
-- @module lofty.cli.records

local terminal_text = require "lofty.cli.terminal_text"

local concat, sort = table.concat, table.sort
local find, gmatch = string.find, string.gmatch

local records_output = {}

local function is_csv(form) return form == "csv" or form == "excel" end

-- The value of a field. "a.b" is the field b of the object a; if a is an array, the list of its items' values.
local function field_of(record, name)
  if type(record) ~= "table" then return nil end
  if record[name] ~= nil then return record[name] end
  local value = record
  for part in gmatch(name, "[^.]+") do
    if type(value) ~= "table" then return nil end
    if value[1] ~= nil then
      local list = {}
      for _, item in ipairs(value) do
        local inner = type(item) == "table" and item[part]
        if inner ~= nil and inner ~= false then list[#list + 1] = inner end
      end
      value = list
    else
      value = value[part]
    end
  end
  return value
end

-- A value as the text of a cell: a scalar as it is, a list of scalars joined with commas, everything else as JSON.
local function cell_of(value)
  local lofty = require "lofty"
  if value == nil or value == lofty.null then return "" end
  if type(value) == "string" then return value end
  if type(value) == "table" and (value[1] ~= nil or next(value) == nil) then
    local parts = {}
    for i, item in ipairs(value) do
      if type(item) == "table" or type(item) == "string" and find(item, ",", 1, true) then
        return (assert(lofty.json.encode(value)))
      end
      parts[i] = cell_of(item)
    end
    return concat(parts, ", ")
  end
  return (assert(lofty.json.encode(value)))
end

-- A record as JSON; with fields, only these, in their order.
local function record_text(context, record, fields)
  local function json(value) return terminal_text.json(context.streams, value) end
  if not fields or type(record) ~= "table" then return json(record) end
  local lofty = require "lofty"
  local parts = {}
  for i, name in ipairs(fields) do
    local value = field_of(record, name)
    if value == nil then value = lofty.null end
    parts[i] = json(name) .. ":" .. json(value)
  end
  return "{" .. concat(parts, ",") .. "}"
end

-- The fields that come first in a table; the others follow by name.
local ORDER = {}
for i, name in ipairs {
  "leadId", "id", "firstName", "lastName", "name", "title", "subject", "stage", "status", "type", "content", "about",
  "emails", "email", "phones", "phone", "source", "score", "assignedUser", "deadline", "startAt", "endAt", "address",
  "price", "callbackUrl",
} do
  ORDER[name] = i
end

local function rank(name, id_name)
  if name == id_name then return 0 end
  if ORDER[name] then return ORDER[name] end
  if find(name, "Time$") or find(name, "Date$") then return 50 end
  return find(name, "Id$") and 150 or 100
end

-- The names of the records' fields: first `context.id_name`, then those of ORDER. Without `objects`, only those whose
-- values fit into a cell.
local function names_of(context, records, objects)
  local lofty = require "lofty"
  local seen, names = {}, {}
  for _, record in ipairs(records) do
    for name, value in pairs(type(record) == "table" and record or {}) do
      local is_empty = value == lofty.null or value == "" or type(value) == "table" and next(value) == nil
      local is_object = type(value) == "table" and (value[1] == nil or type(value[1]) == "table")
      if type(name) == "string" and not seen[name] and (objects or not is_empty and not is_object) then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  sort(names, function(a, b)
    local one, other = rank(a, context.id_name), rank(b, context.id_name)
    if one ~= other then return one < other end
    return a < b
  end)
  return names
end

-- The most bytes of a cell in a table.
local MAX_CELL = 1000

local function cells_of(context, record, names, max)
  local cells = {}
  for i, name in ipairs(names) do
    cells[i] = terminal_text.cell(context.streams, cell_of(field_of(record, name)), max)
  end
  return cells
end

-- Writes lines; through the pager if they are more than the window has.
local function show(context, lines)
  local streams = context.streams
  local text = concat(lines, "\n") .. "\n"
  if streams.page and #lines >= (streams.rows or 24) and streams.page(text) then return end
  streams.out:write(text)
end

local function is_bold(context)
  local streams = context.streams
  return not streams.variable "NO_COLOR" and streams.variable "TERM" ~= "dumb"
end

local function sanitized(names)
  local sanitize, list = require("lofty.errors").sanitize, {}
  for i, name in ipairs(names) do list[i] = sanitize(name, 100) end
  return list
end

local function show_table(context, records, fields)
  if #records == 0 then
    context:say("nothing was found")
    return
  end
  local names = fields or names_of(context, records)
  if #names == 0 then names = names_of(context, records, true) end
  local rows = {}
  for i, record in ipairs(records) do rows[i] = cells_of(context, record, names, MAX_CELL) end
  local lines, shown = require("lofty.cli.table").lines(sanitized(names), rows, context.streams.columns,
    is_bold(context))
  show(context, lines)
  if shown < #names and fields then
    context:say("the window is too narrow for ", concat(sanitized(names), ", ", shown + 1))
  end
end

local Writer = {}
Writer.__index = Writer

-- Records for a table or CSV: a value that is not an object becomes one with the field `value`.
local function as_records(list)
  local records = {}
  for i, item in ipairs(list) do records[i] = type(item) == "table" and item or { value = item } end
  return records
end

--- A writer of many records, see `output.writer`.
-- @tparam table context
-- @tparam string form
-- @tparam ?table fields
-- @treturn table with `add(records)` and `finish()`
function records_output.writer(context, form, fields)
  return setmetatable({ context = context, form = form, fields = fields, count = 0, records = {} }, Writer)
end

-- Writes the first line of CSV. Unless the fields were named, they are those of the first records.
local function write_head(self, records)
  self.csv = require("lofty.cli.csv").new(self.form == "excel")
  self.names = self.fields or names_of(self.context, records, true)
  self.known = {}
  for _, name in ipairs(self.names) do self.known[name] = true end
  self.context.streams.out:write(self.csv:head(self.names))
end

local function add_csv(self, records)
  local out = self.context.streams.out
  if not self.names then write_head(self, records) end
  for _, record in ipairs(records) do
    out:write(self.csv:line(cells_of(self.context, record, self.names)))
    if not self.fields then
      for name in pairs(record) do
        if not self.known[name] then self.known[name], self.left_out = true, self.left_out or name end
      end
    end
  end
end

--- Takes some records.
-- @tparam table records an array
function Writer:add(records)
  local context = self.context
  if self.form == "table" then
    for _, record in ipairs(as_records(records)) do self.records[#self.records + 1] = record end
  elseif is_csv(self.form) then
    add_csv(self, as_records(records))
  else
    local out, lines = context.streams.out, self.form == "jsonl"
    for i, record in ipairs(records) do
      if not lines then out:write(self.count + i == 1 and "[" or ",\n") end
      out:write(record_text(context, record, self.fields), lines and "\n" or "")
    end
  end
  self.count = self.count + #records
end

--- Ends the output.
function Writer:finish()
  local context = self.context
  if self.form == "table" then
    show_table(context, self.records, self.fields)
  elseif self.form == "json" then
    context.streams.out:write(self.count == 0 and "[]\n" or "]\n")
  elseif is_csv(self.form) then
    if self.left_out then
      context:say("a later record has the field ", require("lofty.errors").sanitize(self.left_out, 100),
        ", which the first line does not name: choose the fields with -f")
    end
    local warning = self.csv and self.csv:warning()
    if warning then context:say(warning) end
  end
end

--- Writes some records, which are all.
-- @tparam table context
-- @tparam string form
-- @tparam ?table fields
-- @tparam table records an array
function records_output.all(context, form, fields, records)
  local writer = records_output.writer(context, form, fields)
  writer:add(records)
  writer:finish()
end

--- Writes one value, such as a record.
-- @tparam table context
-- @tparam string form
-- @tparam ?table fields
-- @param value
function records_output.value(context, form, fields, value)
  local streams = context.streams
  if is_csv(form) then
    records_output.all(context, form, fields, { value })
  elseif form ~= "table" then
    streams.out:write(record_text(context, value, fields), "\n")
  elseif type(value) ~= "table" then
    show(context, { (require("lofty.errors").sanitize(cell_of(value))) })
  elseif value[1] ~= nil then
    records_output.all(context, form, fields, value)
  else
    local names = fields or names_of(context, { value }, true)
    show(context, require("lofty.cli.table").record(sanitized(names), cells_of(context, value, names, MAX_CELL),
      streams.columns))
  end
end

return records_output
