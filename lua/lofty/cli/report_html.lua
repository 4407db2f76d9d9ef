-- SPDX-License-Identifier: MIT

--- Makes the HTML of `lofty report`: charts in SVG, each with a table; no script, and nothing is loaded from elsewhere.
-- @module lofty.cli.report_html

local sanitize = require("lofty.errors").sanitize

-- The most bytes of a name.
local MAX_NAME = 100
-- The most bytes of a name beside a bar.
local MAX_LABEL = 30

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Escapes text of a record for HTML's text and attributes, and cuts it to `max` bytes.
local function escape(text, max)
  return (sanitize(tostring(text), max or MAX_NAME):gsub("[&<>\"']", ENTITIES))
end

local STYLE = [[
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de;
  --c1: #0072b2; --c2: #e69f00; --c3: #009e73; --c4: #cc79a7; --c5: #56b4e9; --c6: #8c8c8c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b3; --paper: #0d1117; --line: #30363d;
  --c1: #4ea8de; --c2: #f0b429; --c3: #2ec4a0; --c4: #e39ac2; --c5: #8fd3ff; --c6: #a5a5a5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; } h2 { margin: 2.5rem 0 .5rem; } p { margin: .25rem 0; } .soft { color: var(--soft); }
svg { display: block; width: 100%; min-width: 36rem; height: auto; } svg text { fill: var(--ink); font-size: 13px; }
svg .soft { fill: var(--soft); } svg .axis { stroke: var(--line); }
.c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); }
.c5 { fill: var(--c5); } .c6 { fill: var(--c6); } .scroll { overflow-x: auto; }
.scroll tbody th { white-space: nowrap; }
table { border-collapse: collapse; margin-top: 1rem; font-size: .875rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { border-bottom: 1px solid var(--line); padding: .15rem .75rem .15rem 0; text-align: left; }
thead th + th, td { text-align: right; font-variant-numeric: tabular-nums; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; }
  body { max-width: none; padding: 0; } section { break-inside: avoid-page; } svg { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } .scroll { overflow: visible; } svg { min-width: 0; } }
]]

local WIDTH = 900
-- The width of a date under a column.
local DATE_WIDTH = 80

local function percent(count, total)
  return total > 0 and ("%.1f %%"):format(100 * count / total) or "-"
end

-- A region that scrolls sideways in a narrow window; tabindex lets the keyboard scroll it.
local function scrolling(label, body)
  return ('<div class="scroll" role="region" tabindex="0" aria-label="%s">\n%s</div>\n'):format(escape(label), body)
end

local function svg(id, height, title, description, body)
  return scrolling("Chart: " .. title, ('<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">\n'
    .. '<title id="%s-title">%s</title>\n<desc id="%s-desc">%s</desc>\n%s</svg>\n'):format(WIDTH, height, id, id, id,
    escape(title), id, description, body))
end

local function largest(rows)
  local most = 1
  for _, row in ipairs(rows) do most = math.max(most, row[2]) end
  return most
end

-- Horizontal bars, one for each { name, count }.
local function bars(id, title, rows, total)
  local height, label_width, number_width = 28, 230, 130
  local parts, most, room = {}, largest(rows), WIDTH - label_width - number_width
  for i, row in ipairs(rows) do
    local top, width = (i - 1) * height, math.max(1, room * row[2] / most)
    parts[#parts + 1] = ('<text x="%d" y="%d" text-anchor="end">%s</text>\n'):format(label_width - 10, top + 18,
      escape(row[1], MAX_LABEL))
    parts[#parts + 1] = ('<rect class="c1" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>\n'):format(
      label_width, top + 4, width, height - 8)
    parts[#parts + 1] = ('<text x="%.1f" y="%d">%d <tspan class="soft">%s</tspan></text>\n'):format(
      label_width + width + 8, top + 18, row[2], percent(row[2], total))
  end
  local first = rows[1]
  local description = first and ("%d bars; the table below has the same numbers."):format(#rows)
    or "There are no leads."
  return svg(id, math.max(1, #rows) * height, title, description, table.concat(parts))
end

local function count_table(caption, head, rows, total)
  local parts = { ('<table><caption>%s</caption>\n<thead><tr><th scope="col">%s</th><th scope="col">Leads</th>'
    .. '<th scope="col">Share</th></tr></thead>\n<tbody>\n'):format(caption, head) }
  for _, row in ipairs(rows) do
    parts[#parts + 1] = ('<tr><th scope="row">%s</th><td>%d</td><td>%s</td></tr>\n'):format(escape(row[1]), row[2],
      percent(row[2], total))
  end
  parts[#parts + 1] = "</tbody></table>\n"
  return table.concat(parts)
end

-- The step between grid lines: 1, 2 or 5 times a power of ten.
local function grid_step(most)
  local power = 10 ^ math.floor(math.log(math.max(1, most / 4)) / math.log(10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if most / (factor * power) <= 5 then return math.max(1, factor * power) end
  end
end

-- Stacked columns, one for each week.
local function columns(weeks)
  local left, top, plot, bottom = 50, 10, 220, 40
  local number, most = #weeks.labels, 1
  for i = 1, number do
    local sum = 0
    for _, values in ipairs(weeks.series) do sum = sum + values[i] end
    most = math.max(most, sum)
  end
  local parts, step, slot = {}, grid_step(most), (WIDTH - left) / number
  for value = 0, most, step do
    local y = top + plot - plot * value / most
    parts[#parts + 1] = ('<line class="axis" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="soft" x="%d" y="%.1f" '
      .. 'text-anchor="end">%d</text>\n'):format(left, WIDTH, y, y, left - 8, y + 4, value)
  end
  local every = math.ceil(number / 9)
  for i = 1, number do
    local x, y = left + (i - 1) * slot, top + plot
    for at, values in ipairs(weeks.series) do
      local height = plot * values[i] / most
      y = y - height
      if values[i] > 0 then
        parts[#parts + 1] = ('<rect class="c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>\n'):format(at,
          x + slot * 0.1, y, slot * 0.8, height)
      end
    end
    if (i - 1) % every == 0 and x + DATE_WIDTH <= WIDTH then
      parts[#parts + 1] = ('<text class="soft" x="%.1f" y="%d">%s</text>\n'):format(x, top + plot + 18, weeks.labels[i])
    end
  end
  local height = top + plot + bottom
  for at, name in ipairs(weeks.names) do
    local column, row = (at - 1) % 3, math.floor((at - 1) / 3)
    local x, y = left + column * 280, height + row * 22
    parts[#parts + 1] = ('<rect class="c%d" x="%d" y="%d" width="12" height="12"/><text x="%d" y="%d">%s</text>\n')
      :format(at, x, y, x + 18, y + 11, escape(name))
  end
  return svg("weeks", height + math.ceil(#weeks.names / 3) * 22, "New leads by week and source",
    ("%d columns of weeks from %s on, one colour a source; the table below has the same numbers."):format(number,
      weeks.labels[1]), table.concat(parts))
end

local function week_table(weeks)
  local parts = { '<table><caption>New leads by week (from Monday, UTC) and source</caption>\n'
    .. '<thead><tr><th scope="col">Week of</th>' }
  for _, name in ipairs(weeks.names) do parts[#parts + 1] = '<th scope="col">' .. escape(name) .. "</th>" end
  parts[#parts + 1] = '<th scope="col">All</th></tr></thead>\n<tbody>\n'
  for i, label in ipairs(weeks.labels) do
    local sum = 0
    parts[#parts + 1] = '<tr><th scope="row">' .. label .. "</th>"
    for _, values in ipairs(weeks.series) do
      sum = sum + values[i]
      parts[#parts + 1] = ("<td>%d</td>"):format(values[i])
    end
    parts[#parts + 1] = ("<td>%d</td></tr>\n"):format(sum)
  end
  parts[#parts + 1] = "</tbody></table>\n"
  return scrolling("Table of new leads by week", table.concat(parts))
end

local function section(id, heading, ...)
  return ('<section aria-labelledby="%s-heading">\n<h2 id="%s-heading">%s</h2>\n'):format(id, id, heading)
    .. table.concat({ ... }) .. "</section>\n"
end

--- Makes the file's text.
-- @tparam table data `leads` (their number), `date`, `funnel` and `agents` (rows { name, count }), `weeks` (`labels`,
--   `names` of the series, at most six, `series`)
-- @treturn string
return function(data)
  local policy = "default-src 'none'; style-src 'unsafe-inline'"
  return table.concat {
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    '<meta http-equiv="Content-Security-Policy" content="', policy, '">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    '<title>Lofty report</title>\n<style>\n', STYLE,
    "</style>\n</head>\n<body>\n<main>\n<h1>Leads</h1>\n",
    ('<p class="soft">%d leads, %s</p>\n'):format(data.leads, data.date),
    section("funnel", "Funnel by stage", bars("funnel", "Leads by stage", data.funnel, data.leads),
      count_table("Leads by stage", "Stage", data.funnel, data.leads)),
    section("weeks", "New leads by week and source", columns(data.weeks), week_table(data.weeks)),
    section("agents", "Leads by agent", bars("agents", "Leads by agent", data.agents, data.leads),
      count_table("Leads by agent", "Agent", data.agents, data.leads)),
    "</main>\n</body>\n</html>\n",
  }
end
