-- SPDX-License-Identifier: MIT

--- `lofty report`: an HTML file with the funnel by stage, new leads by week and source, and leads by agent.
-- @module lofty.cli.report

local exit_codes = require "lofty.cli.exit_codes"
local sqlite = require "lofty.cli.sqlite"

local report = {}

local SECONDS_PER_WEEK = 7 * 86400
-- 1970-01-05, the first Monday of the epoch.
local FIRST_MONDAY = 4 * 86400
local DEFAULT_WEEKS, MAX_WEEKS = 26, 260

function report.define(parser)
  parser:option("--html", "the file to write; - for standard output"):argname "FILE":count(1)
  parser:option("--from", "read the SQLite database of `lofty export leads --to sqlite:FILE` instead of Lofty")
    :argname "FILE"
  parser:option("--weeks", ("how many weeks of new leads to show; %d by default"):format(DEFAULT_WEEKS)):argname "N"
end

-- The text of a field; "none" when it is absent, null or empty.
local function text_of(value)
  if type(value) == "number" then value = require("lofty.core").number_text(value) end
  return type(value) == "string" and value:find "%S" and value or "none"
end

local function week_of(seconds)
  return math.floor((seconds - FIRST_MONDAY) / SECONDS_PER_WEEK)
end

-- Counts leads as they come, so that memory does not grow with their number.
local function new_counts()
  local counts = { leads = 0, stages = {}, stage_order = {}, agents = {}, sources = {}, weeks = {} }
  function counts.add(lead)
    counts.leads = counts.leads + 1
    local stage, agent, source = text_of(lead.stage), text_of(lead.assignedUser), text_of(lead.source)
    counts.stages[stage] = (counts.stages[stage] or 0) + 1
    local order = tonumber(lead.stageId)
    if order and order < (counts.stage_order[stage] or math.huge) then counts.stage_order[stage] = order end
    counts.agents[agent] = (counts.agents[agent] or 0) + 1
    counts.sources[source] = (counts.sources[source] or 0) + 1
    local time = lead.createTime
    local created = (type(time) == "number" or type(time) == "string") and require("lofty.time").parse(time)
    if created then
      local week = week_of(created)
      if not counts.newest or week > counts.newest then counts.newest = week end
      local of_week = counts.weeks[week] or {}
      counts.weeks[week] = of_week
      of_week[source] = (of_week[source] or 0) + 1
    end
  end
  return counts
end

-- Counts all leads of the account; nil, err. An error of a call is raised.
local function count_from_api(context, counts)
  local crm, who = context:client()
  if not crm then return nil, who end
  context:say("reading the leads of ", who)
  for lead in crm.leads:each() do counts.add(lead) end
  return true
end

-- Counts the leads of an export that are not marked as deleted; nil, problem.
local function count_from_database(path, counts)
  local file = io.open(path, "r")
  if not file then return nil, "cannot read " .. path, exit_codes.usage end
  file:close()
  local connection, close, is_missing = sqlite.open("--from", path)
  if is_missing then return nil, close end
  local cursor, why = nil, close
  if connection then cursor, why = connection:execute "SELECT record FROM leads WHERE deleted_at IS NULL" end
  if cursor then
    local row = sqlite.next_row(cursor)
    while row do
      local lead = require("lofty").json.decode(row[1])
      if type(lead) == "table" then counts.add(lead) end
      row = sqlite.next_row(cursor, row)
    end
    cursor:close()
  end
  if connection then close() end
  if not cursor then
    return nil, ("%s was not written by `lofty export leads --to sqlite:FILE`: %s"):format(path, tostring(why))
  end
  return true
end

-- The counts as rows { name, count }, the largest first, then by name.
local function sorted(counts)
  local rows = {}
  for name, count in pairs(counts) do rows[#rows + 1] = { name, count } end
  table.sort(rows, function(a, b)
    if a[2] ~= b[2] then return a[2] > b[2] end
    return a[1] < b[1]
  end)
  return rows
end

-- The first `most` rows, and one for the sum of the rest.
local function shortened(rows, most)
  if #rows <= most then return rows end
  local short, rest = {}, 0
  for i = 1, #rows do
    if i < most then short[i] = rows[i] else rest = rest + rows[i][2] end
  end
  short[most] = { ("%d others"):format(#rows - most + 1), rest }
  return short
end

-- The stages in the order of their ids, which is the pipeline's; those without one last.
local function funnel(counts)
  local rows = sorted(counts.stages)
  local order = counts.stage_order
  table.sort(rows, function(a, b)
    local x, y = order[a[1]] or math.huge, order[b[1]] or math.huge
    if x ~= y then return x < y end
    return a[1] < b[1]
  end)
  return rows
end

-- The most series in the chart of weeks, one for each colour. If there are more sources, the last one holds the rest.
local MAX_SERIES = 6

-- The last weeks up to now, or up to the newest lead if it is older than those: their labels, the names of the series,
-- and the counts of each series.
local function weeks_by_source(counts, now, number)
  local last = week_of(now)
  if counts.newest and counts.newest <= last - number then last = counts.newest end
  local rows, names, place = sorted(counts.sources), {}, {}
  local has_others = #rows > MAX_SERIES
  for i, row in ipairs(rows) do
    local at = has_others and math.min(i, MAX_SERIES) or i
    place[row[1]] = at
    names[at] = has_others and at == MAX_SERIES and "other sources" or row[1]
  end
  local labels, series = {}, {}
  for at = 1, #names do series[at] = {} end
  for i = 1, number do
    local week = last - number + i
    labels[i] = os.date("!%Y-%m-%d", FIRST_MONDAY + week * SECONDS_PER_WEEK)
    for at = 1, #names do series[at][i] = 0 end
    for source, count in pairs(counts.weeks[week] or {}) do
      local values = series[place[source]]
      values[i] = values[i] + count
    end
  end
  return { labels = labels, names = names, series = series }
end

-- Writes in place: a rename would replace a device, a pipe or a symbolic link.
local function write_file(path, text)
  local file, why = io.open(path, "wb")
  if not file then return nil, why end
  local ok
  ok, why = file:write(text)
  local closed, problem = file:close()
  return ok and closed, why or problem
end

-- The most bars in the chart of agents.
local MAX_AGENTS = 25

function report.run(args, context)
  local weeks = tonumber(args.weeks or DEFAULT_WEEKS)
  if not weeks or weeks % 1 ~= 0 or weeks < 1 or weeks > MAX_WEEKS then
    return context:fail(("report: --weeks must be a whole number from 1 to %d"):format(MAX_WEEKS), exit_codes.usage)
  end
  local counts = new_counts()
  local ok, err, code
  if args.from then
    ok, err, code = count_from_database(args.from, counts)
  else
    ok, err, code = count_from_api(context, counts)
  end
  if not ok then return context:fail(err, code) end
  local now = context.streams.now()
  local html = require("lofty.cli.report_html") {
    leads = counts.leads, date = os.date("!%Y-%m-%d %H:%M UTC", now), funnel = funnel(counts),
    weeks = weeks_by_source(counts, now, math.floor(weeks)), agents = shortened(sorted(counts.agents), MAX_AGENTS),
  }
  if args.html == "-" then
    context.streams.out:write(html)
    return exit_codes.ok
  end
  local written, why = write_file(args.html, html)
  if not written then return context:fail(("report: cannot write %s: %s"):format(args.html, tostring(why))) end
  context:say(("%s; the report is in %s"):format(require "lofty.cli.count"(counts.leads, "lead"), args.html))
  return exit_codes.ok
end

return report
