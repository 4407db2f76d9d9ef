-- SPDX-License-Identifier: MIT

--- `lofty export`: records as CSV, JSON lines or an SQLite database.
-- @module lofty.cli.export

local counted = require "lofty.cli.count"
local exit_codes = require "lofty.cli.exit_codes"
local kinds = require "lofty.cli.export.kinds"
local sorted_keys = require "lofty.cli.sorted_keys"
local values = require "lofty.cli.values"

local export = { takes_fields = true }

local KINDS = { "leads", "members", "transactions", "listings", "calls" }

function export.define(parser)
  parser:argument("kind", "leads, members, transactions, listings, or calls (by agent, by default of the last 90 days)")
    :choices(KINDS)
  parser:argument("words", "a filter as NAME=VALUE, such as stage=\"New Lead\""):args "*"
  parser:flag("--jsonl", "write JSON, one whole record a line, instead of CSV")
  parser:flag("--excel", "write CSV that a spreadsheet opens safely; lofty import --excel reads it")
  parser:option("-f --fields", "write only these columns"):argname "FIELDS"
  parser:option("--resume", "keep the progress in FILE; after an interruption, continue from there"):argname "FILE"
  parser:option("--to", "write to a database, or bring it up to date: sqlite:FILE"):argname "TARGET"
  parser:option("--with", "with leads --to sqlite:FILE: also notes, tasks or both (notes,tasks) of each changed lead")
    :argname "KINDS"
end

-- The filter; nil, problem.
local function filter_of(op, words)
  local filter = {}
  for _, word in ipairs(words) do
    local name, text = values.split_new(word, filter, "filter")
    if not name then return nil, text end
    local value, problem = values.read(text, op.query.fields[name] or {})
    if value == nil then return nil, name .. " " .. problem end
    filter[name] = value
  end
  return filter
end

-- A text that identifies the export: what is exported, and in which form.
local function text_of(args, filter)
  local parts = { args.kind }
  for _, name in ipairs(sorted_keys(filter)) do
    local value = filter[name]
    parts[#parts + 1] = name .. "=" .. (type(value) == "string" and value or require("lofty").json.encode(value))
  end
  parts[#parts + 1] = args.jsonl and "--jsonl" or args.excel and "--excel" or nil
  parts[#parts + 1] = args.fields and "--fields " .. args.fields or nil
  return table.concat(parts, " ")
end

-- A function that returns an iterator over the pages from a cursor on: items, the page's cursor, and the total if the
-- server states it.
local function walk_of(crm, kind, op, filter)
  local pages = require "lofty.api.pages"
  local list = crm[kind.resource][kind.verb]
  return function(cursor)
    local step = list:pages(filter, { resume = cursor })
    return function()
      local body, at = step()
      if body == nil then return nil end
      local items, total = pages.items(body, op.page)
      return items, at, total
    end
  end
end

-- A function that requests the list again and returns whether it is empty with a total of 0.
local function emptiness_of(crm, kind, op, filter)
  return function()
    local list = crm[kind.resource]
    local items, total = require("lofty.api.pages").expect(kind.resource .. "." .. kind.verb, op.page,
      list[kind.verb](list, filter))
    if not items then error(total, 0) end
    return #items == 0 and total == 0
  end
end

-- The kinds that --with names; nil, problem.
local function children_of(args)
  if not args.with then return {} end
  if args.kind ~= "leads" or not args.to then return nil, "--with can only be used with leads and --to sqlite:FILE" end
  local list = values.list(args.with)
  if #list == 0 then return nil, "--with takes notes and tasks" end
  for _, name in ipairs(list) do
    if not (kinds[name] and kinds[name].of_lead) then return nil, "--with takes notes and tasks, got " .. name end
  end
  return list
end

local function columns_of(args, kind)
  if not args.fields then return kind.columns end
  return values.list(args.fields)
end

local function problem_of(args)
  if args.to then
    if not args.to:find "^sqlite:." then return "--to takes sqlite:FILE" end
    if args.jsonl or args.excel or args.fields or args.resume then
      return "--to writes whole records and resumes by itself: leave out --jsonl, --excel, --fields and --resume"
    end
  elseif args.jsonl and args.excel then
    return "give --jsonl or --excel, not both"
  elseif args.fields and #values.list(args.fields) == 0 then
    return "no field is named"
  end
end

function export.run(args, context)
  local kind = kinds[args.kind]
  local op = require("lofty.api.operations.index").verbs(kind.resource)[kind.verb]
  local children, filter
  local problem = problem_of(args)
  if not problem then children, problem = children_of(args) end
  if not problem then filter, problem = filter_of(op, args.words) end
  if problem then return context:fail("export " .. args.kind .. ": " .. problem, exit_codes.usage) end
  local crm, who = context:client()
  if not crm then return context:fail(who) end
  local of = text_of(args, filter)
  local is_whole = next(filter) == nil and not kind.is_window
  if kind.complete then kind.complete(filter, context.streams.now()) end
  local progress = require("lofty.cli.progress").new(context)
  local job = {
    name = args.kind, kind = kind, crm = crm, of = of, is_whole = is_whole, progress = progress, children = children,
    walk = walk_of(crm, kind, op, filter),
    is_empty = emptiness_of(crm, kind, op, filter), form = args.jsonl and "jsonl" or args.excel and "excel" or "csv",
    columns = columns_of(args, kind),
    resume = args.resume,
  }
  local count, why
  if args.to then
    count, why = require("lofty.cli.export.database").write(context, job, args.to:match "^sqlite:(.+)$")
  else
    count, why = require("lofty.cli.export.text").write(context, job)
  end
  progress:clear()
  if not count then return context:fail("export " .. args.kind .. ": " .. why, exit_codes.failed) end
  context:say(counted(count, (args.kind:gsub("s$", ""))), " exported")
  return exit_codes.ok
end

return export
