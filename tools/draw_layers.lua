-- SPDX-License-Identifier: MIT

--- Draws docs/internals/layers.svg from tools/layers.lua and the files of the tree:
--
--     lua5.4 tools/draw_layers.lua    prints the drawing (make layers writes it)
--
-- A row is a height. A box names the module and the folder of a layer and, below them, the modules that other layers
-- may require. spec/unit/architecture_spec.lua tells when the drawing is out of step.

local LAYERS = dofile "tools/layers.lua"
local shell = dofile "tools/shell.lua"

local LEFT, WIDTH, GAP, ROW_GAP = 20, 640, 24, 30
local TITLE, LINE = 34, 17 -- heights
local CHARACTER = 6.7 -- the width of a character of the small font
local ARROW = ' stroke="#5b6b7a" marker-end="url(#arrow)"/>'

-- What stands beside the Lua layers: src/, with the C modules that it makes.
local C_LEFT, C_WIDTH = 700, 220
local C_BOXES = {
  { "src/lua/", ("the bindings: lofty.%s and %s, which every layer may require"):format(
    table.concat(LAYERS.c_modules, ", ", 1, #LAYERS.c_modules - 1), LAYERS.c_modules[#LAYERS.c_modules]) },
  { "src/curl/", "transfers over libcurl" },
  { "src/core/", "no Lua, libcurl, sockets or clocks" },
}

local svg = {}
local function add(text, ...) svg[#svg + 1] = text:format(...) end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- The title of a layer: its module, its folder, or both.
local function title_of(name)
  local path, titles = name:gsub("%.", "/"), {}
  if exists("lua/lofty/" .. path .. ".lua") then titles[1] = path .. ".lua" end
  if exists("lua/lofty/" .. path .. "/.") then titles[#titles + 1] = path .. "/" end
  return table.concat(titles, "  ")
end

local has_layer = {}
for _, layer in ipairs(LAYERS) do has_layer[layer[1]] = true end

-- The names of a folder's open modules, without the folder's name and without those that are layers themselves.
local function open_modules(layer)
  local names = {}
  if layer.open == "all" then
    for _, file in ipairs(shell.lines("cd lua/lofty/" .. layer[1] .. " && LC_ALL=C ls *.lua")) do
      local name = file:match "^(.*)%.lua$"
      if not has_layer[layer[1] .. "." .. name] then names[#names + 1] = name end
    end
  else
    for _, name in ipairs(layer.open or {}) do names[#names + 1] = name:match("^" .. layer[1] .. "%.(.*)$") end
  end
  return table.concat(names, ", ")
end

local function wrapped(text, width)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if line ~= "" and (#line + 1 + #word) * CHARACTER > width - 12 then
      lines[#lines + 1], line = line, ""
    end
    line = line == "" and word or line .. " " .. word
  end
  lines[#lines + 1] = line ~= "" and line or nil
  return lines
end

local function draw_box(x, y, width, height, title, lines)
  add('<rect x="%d" y="%d" width="%d" height="%d" rx="5"/>', x, y, width, height)
  local middle = x + width / 2
  add('<text x="%g" y="%d" text-anchor="middle">%s</text>', middle, y + 23, title)
  for i, line in ipairs(lines) do
    add('<text class="small" x="%g" y="%d" text-anchor="middle">%s</text>', middle, y + 23 + LINE * i, line)
  end
end

local function draw_arrow(x1, y1, x2, y2)
  add('<line x1="%g" y1="%g" x2="%g" y2="%g"' .. ARROW, x1, y1, x2, y2)
end

-- Draws the layers of one height and returns the height of the row.
local function draw_row(row, y)
  local width = (WIDTH - GAP * (#row - 1)) // #row
  local boxes, most = {}, 0
  for i, layer in ipairs(row) do
    boxes[i] = wrapped(open_modules(layer), width)
    most = math.max(most, #boxes[i])
  end
  local height = TITLE + (most > 0 and LINE * most + 4 or 0)
  for i, layer in ipairs(row) do
    local x = LEFT + (i - 1) * (width + GAP)
    draw_box(x, y, width, height, title_of(layer[1]), boxes[i])
    if layer.beside then draw_arrow(x + width, y + 17, x + width + GAP - 2, y + 17) end
  end
  return height
end

local rows = {}
for _, layer in ipairs(LAYERS) do
  local last = rows[#rows]
  if last and last.height == layer.height then
    last[#last + 1] = layer
  else
    rows[#rows + 1] = { layer, height = layer.height }
  end
end

local y, places = 20, {}
for i, row in ipairs(rows) do
  local height = draw_row(row, y)
  places[row.height] = y
  if rows[i + 1] then draw_arrow(LEFT + WIDTH / 2, y + height, LEFT + WIDTH / 2, y + height + ROW_GAP - 2) end
  y = y + height + ROW_GAP
end

for i, box in ipairs(C_BOXES) do
  local lines = wrapped(box[2], C_WIDTH)
  box.y, box.height = places[7] + (i - 1) * 130, TITLE + LINE * #lines + 4
  draw_box(C_LEFT, box.y, C_WIDTH - (i == 2 and 50 or 0), box.height, box[1], lines)
end
local bindings, curl, core = C_BOXES[1], C_BOXES[2], C_BOXES[3]
draw_arrow(C_LEFT + 85, bindings.y + bindings.height, C_LEFT + 85, curl.y - 2)
draw_arrow(C_LEFT + 85, curl.y + curl.height, C_LEFT + 85, core.y - 2)
draw_arrow(C_LEFT + C_WIDTH - 25, bindings.y + bindings.height, C_LEFT + C_WIDTH - 25, core.y - 2)

local width, height = C_LEFT + C_WIDTH + 20, y - ROW_GAP + 20
print(([[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"
  aria-label="Layers of lofty; each requires only those below it" font-family="sans-serif" font-size="15">
<style>
rect { fill: #f4f6f8; stroke: #5b6b7a } text { fill: #1d2733 } .small { font-size: 12px }
@media (prefers-color-scheme: dark) { rect { fill: #26313b; stroke: #9fb0c0 } text { fill: #e8eef4 } }
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#5b6b7a"/></marker></defs>]]):format(width, height, width, height))
print(table.concat(svg, "\n"))
print "</svg>"
