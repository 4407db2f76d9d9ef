-- SPDX-License-Identifier: MIT

--- `lofty import FILE`: creates and updates leads from a CSV file.
--
-- Without --apply it shows what would be done with each row. With --apply each row is looked up, compared and sent, in
-- the order of the file and with a journal (`lofty.cli.import.journal`): after an interruption, the same command
-- continues.
-- @module lofty.cli.import

local counted = require "lofty.cli.count"
local csv = require "lofty.cli.csv"
local exit_codes = require "lofty.cli.exit_codes"
local rows = require "lofty.cli.import.rows"
local values = require "lofty.cli.values"

local import = {}

local MATCH = { email = true, phone = true }
-- Seconds after which a lead that was sent can be found, if it was created.
local SETTLE = 30

-- The most bytes of a name and of a reason that are shown.
local MAX_NAME, MAX_TEXT = 100, 1000

function import.define(parser)
  parser:argument("file", "a CSV file whose first line names the columns")
  parser:option("--match", "look for an existing lead by these keys, in this order", "email,phone"):argname "KEYS"
  parser:option("--map", "the field that a column holds; COLUMN= leaves it out"):argname "COLUMN=FIELD":count "*"
  parser:flag("--excel", "the file was written by lofty export --excel: take off its apostrophes")
  parser:flag("--apply", "create and update leads; without it, nothing is written")
  parser:option("--settle", "how long to look for a lead whose create got no response",
    tostring(SETTLE)):argname "SECONDS"
end

local Import = {}
Import.__index = Import

-- Opens the file: reader, columns, identity. nil, problem.
local function open(args)
  local encoding = require "lofty.cli.import.encoding"
  local name, skip, digest = encoding.guess(args.file)
  if not name then return nil, skip end
  local pieces, why = encoding.pieces(args.file, name, skip)
  if not pieces then return nil, why end
  local reader = require("lofty.cli.import.reader").new(pieces, nil, args.file)
  local head = reader:record()
  if not head then return nil, args.file .. " has no lines" end
  local given = {}
  for _, text in ipairs(args.map) do
    local column, field = text:match "^(.-)=(%w*)$"
    if not column then return nil, "--map takes COLUMN=FIELD, got " .. text end
    given[column] = field
  end
  local list, problem = require("lofty.cli.import.columns").guess(head, given)
  if not list then return nil, problem end
  return { reader = reader, head = head, columns = list, encoding = name,
           identity = digest .. " " .. args.match .. " " .. table.concat(args.map, ",")
             .. (args.excel and " --excel" or "") }
end

local SEPARATORS = { [","] = "comma", [";"] = "semicolon", ["\t"] = "tab" }

-- Tells what was guessed.
local function tell(context, file)
  local sanitize = require("lofty.errors").sanitize
  context:say("Encoding ", file.encoding, ", separator ", SEPARATORS[file.reader.separator])
  for i, column in ipairs(file.head) do
    context:say("  ", sanitize(column, 100), file.columns[i] and " -> " .. file.columns[i] or " is not imported")
  end
end

-- Shows one row's outcome.
function Import:report(row, outcome, text)
  self.counts[outcome] = (self.counts[outcome] or 0) + 1
  if row.shown then text = (text or "") .. ": " .. table.concat(row.shown, "; ") end
  local fields, sanitize = row.fields or {}, require "lofty.internal.sanitize"
  -- Cut on their own, so that the reason is shown also for a cell of a megabyte.
  local who = sanitize(table.concat({ fields.firstName, fields.lastName }, " "), MAX_NAME)
  local key = fields.emails and fields.emails[1] or fields.phones and fields.phones[1]
  self.context.streams.out:write(("line %d: %s%s%s%s\n"):format(row.line, outcome, who ~= "" and " " .. who or "",
    key and " <" .. sanitize(key, MAX_NAME) .. ">" or "", text and ": " .. sanitize(text, MAX_TEXT) or ""))
end

-- Why the library would refuse to send a row; nil when it would not.
function Import:problem_of(row, lead, update)
  local fields = row.fields
  local value, err
  if lead then
    value, err = self.checker.leads:update(lead.leadId, update)
  elseif not fields.firstName then
    return "a new lead needs a first name"
  else
    value, err = self.checker.leads:create(fields)
  end
  return value == nil and err.message or nil
end

-- The cells as they were before `lofty export --excel`; without --excel such cells are counted, to tell of them.
function Import:unguard(cells)
  for i, text in ipairs(cells) do
    local plain = csv.unguard(text)
    if plain ~= text then
      self.guarded = self.guarded + 1
      if self.context.args.excel then cells[i] = plain end
    end
  end
end

-- Makes a row of its cells. A row with the key of an earlier row is bad.
function Import:row(cells, line)
  self:unguard(cells)
  local fields, problem = rows.fields(cells, self.file.columns)
  local row = { line = line, fields = fields, problem = problem, keys = {} }
  if problem then return row end
  row.keys = rows.keys(fields, self.match)
  for _, key in ipairs(row.keys) do
    local name = key.name .. " " .. key.key
    if self.seen[name] and self.seen[name] ~= line then
      row.problem = row.problem or ("same %s as line %d"):format(key.name, self.seen[name])
    else
      self.seen[name] = line
    end
  end
  return row
end

-- Reports what --apply would do with a row. nil, err.
local function plan_row(self, row)
  local decision = require "lofty.cli.import.decision"
  if row.problem then
    self:report(row, "bad", row.problem)
    return true
  end
  local lead, problem, err = decision.find(self.crm, row.keys)
  if err then return nil, err end
  local update
  if lead then
    update, row.shown = decision.differences(lead, row.fields)
  end
  if not problem and (update or not lead) then problem = self:problem_of(row, lead, update) end
  local id = lead and require("lofty.api.expect").id(lead.leadId)
  if problem then
    row.shown = nil
    self:report(row, "bad", problem)
  elseif not lead then
    self:report(row, "create")
  elseif update then
    self:report(row, "update", id)
  else
    row.shown = nil
    self:report(row, "skip", id .. ": nothing differs")
  end
  return true
end

-- Calls fn(self, row) for each row that is not finished. Returns the err that stopped it, or nil.
function Import:each_row(fn)
  local progress = require("lofty.cli.progress").new(self.context)
  local count = 0
  while true do
    local cells, line = self.file.reader:record()
    if not cells then break end
    local row = self:row(cells, line)
    if not self.journal or line > self.journal.finished then
      progress:clear()
      local ok, err = fn(self, row)
      if not ok then return err end
      count = count + 1
      progress:show(count)
    end
  end
  progress:clear()
  if self.guarded > 0 and not self.context.args.excel then
    self.context:say(counted(self.guarded, "cell"), " with an apostrophe before a formula or a long number, as ",
      "`lofty export --excel` writes them: --excel takes it off")
  end
end

local ORDER = {
  "create", "update", "skip", "created", "updated", "skipped", "bad", "failed", "unknown",
}

-- In the plan, these outcomes are still to come.
local PLANNED = { create = "to create", update = "to update", skip = "to skip" }

local function summary(counts)
  local parts = {}
  for _, outcome in ipairs(ORDER) do
    if counts[outcome] then parts[#parts + 1] = counts[outcome] .. " " .. (PLANNED[outcome] or outcome) end
  end
  return table.concat(parts, ", ")
end

-- The keys of --match; nil, problem.
local function match_of(text)
  local list = values.list(text)
  for _, name in ipairs(list) do
    if not MATCH[name] then return nil, "--match takes email and phone, got " .. name end
  end
  return list
end

local function finish_plan(self)
  local shown = summary(self.counts)
  self.context:say(shown == "" and "The file has no rows." or shown .. ". Nothing was written: --apply does it.")
  return self.counts.bad and exit_codes.partial or exit_codes.ok
end

local function finish_apply(self)
  local context, counts, earlier = self.context, self.counts, self.journal.counts
  local shown, shown_earlier = summary(counts), summary(earlier)
  local nothing = shown_earlier == "" and "The file has no rows." or "All rows were finished by earlier runs."
  context:say(shown == "" and nothing or shown)
  if shown_earlier ~= "" then context:say("Earlier runs: ", shown_earlier) end
  if #self.unknown > 0 then
    context:say("Sent, but no response says whether they were created, so they are not sent again; look for them in ",
      "Lofty: line ", table.concat(self.unknown, ", "))
  end
  if #self.unknown > 0 then return exit_codes.outcome_unknown end
  if not (counts.bad or counts.failed or earlier.bad or earlier.failed) then return exit_codes.ok end
  context:say("Bad and failed rows are not tried again: correct them in a file of their own, and import that file.")
  return exit_codes.partial
end

function import.run(args, context)
  local match, problem = match_of(args.match)
  local settle = tonumber(args.settle)
  if not settle or settle < 0 then problem = problem or "--settle takes seconds" end
  local file
  if not problem then file, problem = open(args) end
  if problem then return context:fail("import: " .. problem, exit_codes.usage) end
  tell(context, file)
  local crm, who = context:client()
  if not crm then return context:fail(who) end
  local self = setmetatable({
    context = context, file = file, match = match, crm = crm, counts = {}, seen = {}, settle = settle, unknown = {},
    guarded = 0,
    checker = crm:with { dry_run = true, on_dry_run = function() end },
  }, Import)
  if not args.apply then
    local err = self:each_row(plan_row)
    return err and context:fail(err) or finish_plan(self)
  end
  context:say("acting for ", who)
  local why
  self.journal, why = require("lofty.cli.import.journal").open(args.file, file.identity)
  if not self.journal then return context:fail("import: " .. why, exit_codes.failed) end
  for i, line in ipairs(self.journal.unknown) do self.unknown[i] = line end
  local err = self:each_row(require("lofty.cli.import.apply").row)
  self.journal:close()
  local code = finish_apply(self)
  if err then
    code = context:fail(err)
    context:say("Run the same command again to continue.")
  end
  return code
end

return import
