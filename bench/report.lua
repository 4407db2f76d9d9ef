-- SPDX-License-Identifier: MIT

--- Tables of figures as Markdown, and where lofty needs more than a peer.
--
-- A table has `name`, `title`, `columns` and `rows` of `bench.measure`, and may have `text`, what was measured, and `why`,
-- a reason for which lofty may need more than any peer; a row's `why` is about that peer.
-- @module bench.report

local chart = require "bench.chart"

local concat, format = table.concat, string.format
local number = chart.number

local report = {}

-- A ratio up to this is noise.
local EQUAL = 1.05

local function has_peers(of) return of.rows[2] ~= nil and of.rows[2].peer ~= nil end

-- The cells of the table's head and of each row.
local function cells_of(of)
  local head, list = { "" }, {}
  for _, column in ipairs(of.columns) do head[#head + 1] = chart.heading(column) end
  local is_compared = {}
  for c, column in ipairs(of.columns) do
    is_compared[c] = has_peers(of) and not column.is_own
    if is_compared[c] then head[#head + 1] = "ratio, " .. column.name end
  end
  list[1] = head
  for _, row in ipairs(of.rows) do
    local cells = { row.peer or row.subject }
    for c in ipairs(of.columns) do
      cells[#cells + 1] = row.values[c] and number(row.values[c]) or c == 1 and row.missing or ""
    end
    for c in ipairs(of.columns) do
      if is_compared[c] then cells[#cells + 1] = row.ratios[c] and format("%.2f", row.ratios[c]) or "" end
    end
    list[#list + 1] = cells
  end
  return list
end

local function width(text) return #text:gsub("[\128-\191]", "") end

--- A table as aligned text, for a terminal.
-- @tparam table of
-- @treturn string
function report.text(of)
  local list, widths = cells_of(of), {}
  for r, cells in ipairs(list) do
    for i, cell in ipairs(cells) do
      -- The name of a missing peer is followed by a text, which may be longer than its column.
      if not (of.rows[r - 1] and of.rows[r - 1].missing and i == 2) then
        widths[i] = math.max(widths[i] or 0, width(cell))
      end
    end
  end
  local lines = { of.title }
  for _, cells in ipairs(list) do
    local parts = {}
    for i, cell in ipairs(cells) do
      local space = (" "):rep(widths[i] - width(cell))
      parts[i] = i == 1 and cell .. space or space .. cell
    end
    lines[#lines + 1] = "  " .. concat(parts, "  "):gsub("%s+$", "")
  end
  return concat(lines, "\n") .. "\n"
end

--- A table as a section of a Markdown page, with its chart.
-- @tparam table of
-- @treturn string
function report.section(of)
  local list = cells_of(of)
  local lines = { "## " .. of.title, "" }
  if of.text then
    lines[#lines + 1] = of.text
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = format("![%s](%s.svg)", of.title, of.name)
  lines[#lines + 1] = ""
  for r, cells in ipairs(list) do
    lines[#lines + 1] = "| " .. concat(cells, " | ") .. " |"
    if r == 1 then lines[#lines + 1] = "|---" .. ("|---:"):rep(#cells - 1) .. "|" end
  end
  local rounds = 0
  for _, row in ipairs(of.rows) do rounds = math.max(rounds, row.rounds) end
  lines[#lines + 1] = ""
  lines[#lines + 1] = rounds > 1 and format("Medians of %d rounds.", rounds) or "Measured once."
  for _, row in ipairs(of.rows) do
    if row.note and not row.missing then lines[#lines + 1] = format("%s: %s", row.peer or row.subject, row.note) end
  end
  return concat(lines, "\n") .. "\n"
end

-- In which columns a row's peer needs less, as text; nil if in none.
local function excess(of, row)
  local parts = {}
  for c, column in ipairs(of.columns) do
    local ratio = row.ratios[c]
    if ratio and ratio > EQUAL then parts[#parts + 1] = format("%.2f times the %s", ratio, column.name) end
  end
  return parts[1] and concat(parts, " and ") .. " of " .. row.peer
end

--- Where lofty needs more than a peer.
-- @tparam {table,...} tables
-- @treturn {string,...} a text for each table in which it does, with the figures and the reasons
function report.worse(tables)
  local list = {}
  for _, of in ipairs(tables) do
    local figures, reasons, is_told = {}, { of.why }, {}
    for _, row in ipairs(of.rows) do
      local text = excess(of, row)
      figures[#figures + 1] = text
      local why = text and (row.why or not of.why and "No reason is known for " .. row.peer .. ".")
      if why and not is_told[why] then reasons[#reasons + 1], is_told[why] = why, true end
    end
    if figures[1] then
      list[#list + 1] = format("%s: %s. %s", of.title, concat(figures, "; "), concat(reasons, " "))
    end
  end
  return list
end

--- The page.
-- @tparam table about `head`, lines about the machine and the versions
-- @tparam {table,...} tables
-- @treturn string Markdown
function report.page(about, tables)
  local parts = { "# Results of make bench\n\n", concat(about, "\n"), "\n\n## Where lofty needs more\n\n" }
  local worse = report.worse(tables)
  parts[#parts + 1] = worse[1] and format("A ratio up to %.2f counts as equal.\n\n", EQUAL) or "Nowhere.\n"
  for _, text in ipairs(worse) do parts[#parts + 1] = "- " .. text .. "\n" end
  for _, of in ipairs(tables) do parts[#parts + 1] = "\n" .. report.section(of) end
  return concat(parts)
end

return report
