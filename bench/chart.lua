-- SPDX-License-Identifier: MIT

--- Draws a table of figures as horizontal bars: an SVG that is readable on a light and on a dark page, and whose text
-- alternative (title and desc) has all figures.
-- @module bench.chart

local escape = require "lofty.sandbox.server.html".escape

local concat, format = table.concat, string.format

local chart = {}

local LABELS, BARS, FIGURES, LINE, BAR = 290, 400, 110, 26, 16

local STYLE = [[
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .heading { font-weight: 600; }
    .peer { fill: #8c959f; }
    .own { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .peer { fill: #6e7681; }
      .own { fill: #58a6ff; }
    }
  </style>
]]

--- Three digits, or all before the point.
-- @tparam number value
-- @treturn string
function chart.number(value)
  local size = math.abs(value)
  if size >= 99.95 then
    local text = format("%.0f", value):reverse():gsub("(%d%d%d)", "%1,"):reverse()
    return (text:gsub("^(%-?),", "%1"))
  end
  if value == math.floor(value) then return format("%d", value) end
  return format(size >= 9.995 and "%.1f" or "%.2f", value)
end

--- The name of a column, with its unit.
-- @tparam table column of `bench.measure`
-- @treturn string
function chart.heading(column)
  return column.name .. (column.unit and ", " .. column.unit or "")
end

--- Draws the first column.
-- @tparam table of `title`, `columns` and `rows` of `bench.measure`
-- @treturn string SVG
function chart.draw(of)
  local column, rows, most = of.columns[1], {}, 0
  for _, row in ipairs(of.rows) do
    if row.values[1] then
      rows[#rows + 1] = row
      most = math.max(most, row.values[1])
    end
  end
  local heading = escape(of.title .. ": " .. chart.heading(column))
  local lines, described = {}, {}
  for i, row in ipairs(rows) do
    local value, top = row.values[1], 34 + (i - 1) * LINE
    local name, figure = escape(row.peer or row.subject), chart.number(value)
    local length = most > 0 and math.max(value, 0) / most * BARS or 0
    described[i] = name .. " " .. figure
    lines[i] = format('  <text x="%d" y="%d" text-anchor="end">%s</text>\n  <rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>\n'
      .. '  <text x="%.1f" y="%d">%s</text>\n', LABELS - 8, top + 13, name, row.peer and "peer" or "own", LABELS, top,
      length, BAR, LABELS + 6 + length, top + 13, figure)
  end
  local width, height = LABELS + BARS + FIGURES, 34 + #rows * LINE + 6
  return format('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">\n'
    .. '  <title id="t">%s</title>\n  <desc id="d">%s.</desc>\n%s  <text class="heading" x="8" y="18">%s</text>\n%s</svg>\n',
    width, height, width, height, heading, concat(described, "; "), STYLE, heading, concat(lines))
end

return chart
