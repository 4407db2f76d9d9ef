-- SPDX-License-Identifier: MIT

-- Writes a daily digest as an HTML page that can be sent by mail: a small SVG chart of the leads in each stage, and the
-- leads of the last 24 hours. Reads only. Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/daily_digest.lua > digest.html

local lofty = require "lofty"

local DAY, MAX_NEW = 24 * 3600, 50
local BAR_HEIGHT, LABEL_WIDTH, BAR_WIDTH = 22, 190, 300

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

-- Text from a record, safe in HTML.
local function escape(value)
  local text = lofty.sanitize(tostring(value == lofty.null and "" or value or ""), 200)
  return (text:gsub('[&<>"]', ENTITIES))
end

-- Counts of leads by stage, and the leads that were created after `since`.
local function collect(crm, since)
  local counts, new, total = {}, {}, 0
  for lead in crm.leads:each { returnFields = "leadId,firstName,lastName,stage,source,createTime" } do
    local stage = type(lead.stage) == "string" and lead.stage or "no stage"
    counts[stage] = (counts[stage] or 0) + 1
    total = total + 1
    local created = type(lead.createTime) == "string" and lofty.time.parse(lead.createTime)
    if created and created >= since and #new < MAX_NEW then new[#new + 1] = lead end
  end
  local stages = {}
  for name, count in pairs(counts) do stages[#stages + 1] = { name = name, count = count } end
  table.sort(stages, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.name < b.name
  end)
  return { stages = stages, new = new, total = total }
end

local function chart(stages)
  local out, most = {}, stages[1] and stages[1].count or 1
  for i, stage in ipairs(stages) do
    local y = (i - 1) * BAR_HEIGHT
    out[i] = ('<text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%d" height="16" fill="#4338ca"/>'
      .. '<text x="%d" y="%d">%d</text>'):format(y + 13, escape(stage.name), LABEL_WIDTH, y,
      math.ceil(stage.count / most * BAR_WIDTH), LABEL_WIDTH + BAR_WIDTH + 10, y + 13, stage.count)
  end
  return ('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Leads by stage" width="%d" height="%d" '
    .. 'font-family="sans-serif" font-size="13">\n%s\n</svg>'):format(LABEL_WIDTH + BAR_WIDTH + 70,
    #stages * BAR_HEIGHT, table.concat(out, "\n"))
end

local function page(digest, name, today)
  local rows = {}
  for i, lead in ipairs(digest.new) do
    rows[i] = ("<li>%s %s, %s, from %s</li>"):format(escape(lead.firstName), escape(lead.lastName),
      escape(lead.stage), escape(lead.source))
  end
  return ([[
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Leads on %s</title></head>
<body>
<h1>%s: %d leads on %s</h1>
%s
<h2>%s</h2>
<ul>
%s
</ul>
</body></html>]]):format(today, escape(name), digest.total, today, chart(digest.stages),
    #rows == 0 and "No new leads in the last 24 hours" or "New in the last 24 hours", table.concat(rows, "\n"))
end

local function digest()
  local crm = lofty.client()
  local me = lofty.assert(crm:me())
  local now = os.time()
  return page(collect(crm, now - DAY), (me.firstName or "") .. " " .. (me.lastName or ""), os.date("!%Y-%m-%d", now))
end

-- lua5.1 prints no error that is a table.
local ok, result = pcall(digest)
if not ok then
  io.stderr:write(tostring(result), "\n")
  os.exit(1)
end
print(result)
