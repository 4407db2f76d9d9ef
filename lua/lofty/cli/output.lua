-- SPDX-License-Identifier: MIT

--- Writes the result of a command: as a table on a terminal, as JSON elsewhere, or in the form that an option names.
--
-- Ids keep all their digits. A terminal gets the text of records without control characters.
-- @module lofty.cli.output

local lazy = require "lofty.internal.lazy"
local terminal_text = require "lofty.cli.terminal_text"

local values = lazy "lofty.cli.values"

local output = {}

--- Adds the options that choose the form.
-- @param command an argparse parser or command
function output.define(command)
  command:option("-f --fields", "show only these fields, such as phones,leadInquiry.priceMin"):argname "FIELDS"
  command:option("--json", "JSON with these fields; all: with all fields"):argname "FIELDS"
  command:flag("--jsonl", "one record a line, as JSON")
  command:flag("--csv", "comma-separated values; the first line names the fields")
  command:flag("--excel", "CSV that a spreadsheet opens safely")
end

-- The form and the fields that the options ask for; nil, what is wrong.
local function choose(context)
  local args = context.args
  local form
  for _, name in ipairs { "json", "jsonl", "csv", "excel" } do
    if args[name] then
      if form then return nil, "give --" .. form .. " or --" .. name .. ", not both" end
      form = name
    end
  end
  local fields = args.fields
  if args.json and args.json ~= "all" then
    if fields then return nil, "name the fields with -f or with --json, not with both" end
    fields = args.json
  end
  local list = fields and values.list(fields)
  if list and #list == 0 then return nil, "no field is named" end
  return form or (context.streams.out_is_terminal and "table" or "json"), list
end

--- Checks the options before anything is sent.
-- @tparam table context
-- @treturn ?string what is wrong with them
function output.problem(context)
  local form, problem = choose(context)
  return not form and problem or nil
end

--- Whether a table is written with fields that the command chooses: on a terminal, when no option says otherwise.
-- @tparam table context
-- @treturn boolean
function output.is_table(context)
  local form, fields = choose(context)
  return form == "table" and not fields
end

--- A writer of many records.
-- JSON, JSON lines and CSV are written as the records come; a table is written at the end, since its widths depend on
-- all records.
-- @tparam table context
-- @treturn table with `add(records)` and `finish()`
function output.writer(context)
  local form, fields = choose(context)
  return require("lofty.cli.records").writer(context, form, fields)
end

--- Writes one value, such as a record.
-- @tparam table context
-- @param value
function output.value(context, value)
  local form, fields = choose(context)
  if form == "json" and not fields then
    context.streams.out:write(terminal_text.json(context.streams, value), "\n")
  else
    require("lofty.cli.records").value(context, form, fields, value)
  end
end

--- Writes the items of one page of a list. As JSON without fields, the page is written as the server sent it.
-- @tparam table context
-- @param page the response
-- @tparam ?table items
function output.page(context, page, items)
  local form, fields = choose(context)
  if not items or form == "json" and not fields then
    output.value(context, page)
  else
    require("lofty.cli.records").all(context, form, fields, items)
  end
end

return output
