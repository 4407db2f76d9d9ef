-- SPDX-License-Identifier: MIT

--- Lays records out as a table that fits the window of a terminal.
-- @module lofty.cli.table

local width = require "lofty.cli.width"

local concat, max, min, rep = table.concat, math.max, math.min, string.rep

local GAP = "  "
-- To make the others fit, a column of text is not made narrower than this, and a column of ids not at all.
local NARROWEST = 12

local layout = {}

local function is_id(cell) return #cell > NARROWEST and cell:find "^%-?%d+$" ~= nil end

-- The width of each column, so that all fit. Columns at the end that do not fit with their least width are left out,
-- but not the first one.
local function fit(natural, least, columns)
  local widths, count, total = {}, 0, -#GAP
  for i = 1, #natural do
    local with = total + #GAP + least[i]
    if count > 0 and with > columns then break end
    count, total, widths[i] = i, with, least[i]
  end
  -- Spare columns of the window go to the narrowest column first.
  local spare = columns - total
  while spare > 0 do
    local narrowest
    for i = 1, count do
      if widths[i] < natural[i] and (not narrowest or widths[i] < widths[narrowest]) then narrowest = i end
    end
    if not narrowest then break end
    widths[narrowest], spare = widths[narrowest] + 1, spare - 1
  end
  return widths, count
end

--- The lines of a table; the first one has the names of the columns.
-- @tparam {string,...} names of the columns
-- @tparam {{string,...},...} rows their cells, without control characters
-- @tparam number columns the width of the window
-- @tparam boolean bold whether the first line is bold
-- @treturn {string,...} lines
-- @treturn number how many columns are shown
function layout.lines(names, rows, columns, bold)
  local natural, least = {}, {}
  local narrowest = max(1, min(NARROWEST, columns))
  for i, name in ipairs(names) do natural[i] = width.of(name) end
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      natural[i] = max(natural[i], width.of(cell))
      if is_id(cell) then least[i] = max(least[i] or 0, #cell) end
    end
  end
  for i, wanted in ipairs(natural) do least[i] = max(least[i] or 0, min(wanted, narrowest)) end
  local widths, count = fit(natural, least, columns)
  local lines = {}
  local function add(cells)
    local out = {}
    for i = 1, count do out[i] = i == count and (width.cut(cells[i], widths[i])) or width.fit(cells[i], widths[i]) end
    return (concat(out, GAP):gsub("%s+$", ""))
  end
  local head = add(names)
  lines[1] = bold and "\27[1m" .. head .. "\27[0m" or head
  for _, row in ipairs(rows) do lines[#lines + 1] = add(row) end
  return lines, count
end

--- The lines of one record, one for each field.
-- @tparam {string,...} names
-- @tparam {string,...} cells
-- @tparam number columns
-- @treturn {string,...}
function layout.record(names, cells, columns)
  local widest, lines = 0, {}
  for _, name in ipairs(names) do widest = max(widest, width.of(name)) end
  local room = max(NARROWEST, columns - widest - #GAP)
  for i, name in ipairs(names) do
    local space = rep(" ", widest - width.of(name))
    lines[i] = (name .. space .. GAP .. (is_id(cells[i]) and cells[i] or width.cut(cells[i], room))):gsub("%s+$", "")
  end
  return lines
end

return layout
