-- SPDX-License-Identifier: MIT

--- The help text of a parser, see `lofty.cli.parser`.
-- @module lofty.cli.usage

local concat, max = table.concat, math.max
local rep = string.rep

-- Columns: the lines of the usage end before, the names of the help begin at, and what they are about begins at.
local WIDTH, NAMES_AT, ABOUT_AT = 70, 3, 25

-- What stands for an argument in the usage.
local function shown_argument(argument)
  local shown = argument.choices and "{" .. concat(argument.choices, ",") .. "}" or "<" .. argument.name .. ">"
  if argument.args == "?" then return "[" .. shown .. "]" end
  if argument.args == "*" then return "[" .. shown .. "] ..." end
  if argument.args == "+" then return shown .. " [" .. shown .. "] ..." end
  return shown
end

-- What stands for the value of an option.
local function shown_value(option)
  return option.takes_value and " " .. (option.argname or "<" .. option.key .. ">") or ""
end

-- The words after "Usage:".
local function words_of(parser)
  local words = {}
  for _, option in ipairs(parser.options) do
    local shown = option.names[1] .. shown_value(option)
    if not option.is_hidden then words[#words + 1] = option.is_required and shown or "[" .. shown .. "]" end
  end
  for _, argument in ipairs(parser.arguments) do words[#words + 1] = shown_argument(argument) end
  if #parser.commands > 0 then
    words[#words + 1] = "<command>"
    words[#words + 1] = "..."
  end
  return words
end

local function usage_of(parser)
  local lines, line = {}, "Usage: " .. (parser.full_name or parser.name)
  for _, word in ipairs(words_of(parser)) do
    if #line + 1 + #word <= WIDTH then
      line = line .. " " .. word
    else
      lines[#lines + 1] = line
      line = rep(" ", #"Usage: ") .. word
    end
  end
  lines[#lines + 1] = line
  return concat(lines, "\n")
end

-- The lines that name an option: one for each name if it has a value, aligned at their ends.
local function names_of(option)
  if not option.takes_value then return { concat(option.names, ", ") } end
  local longest, lines = 0, {}
  for _, name in ipairs(option.names) do longest = max(longest, #name) end
  for i, name in ipairs(option.names) do
    local comma = i < #option.names and "," or ""
    lines[i] = rep(" ", longest - #name) .. name .. shown_value(option) .. comma
  end
  return lines
end

-- Adds the names of an argument, option or command, with what it is about beside them or, if they are long, below.
local function add_entry(lines, names, about)
  local margin = rep(" ", NAMES_AT)
  if #names[1] < ABOUT_AT - NAMES_AT then
    names[1] = names[1] .. rep(" ", ABOUT_AT - NAMES_AT - #names[1]) .. about
  else
    names[#names + 1] = rep(" ", ABOUT_AT - NAMES_AT) .. about
  end
  for _, line in ipairs(names) do lines[#lines + 1] = margin .. line end
end

local function add_block(blocks, title, lines)
  if #lines > 0 then blocks[#blocks + 1] = title .. ":\n" .. concat(lines, "\n") end
end

--- The help text: the usage, what the parser is about, and its arguments, options and commands.
-- @tparam table parser
-- @treturn string without a line break at its end
return function(parser)
  local blocks = { usage_of(parser), parser.about }
  local lines = {}
  for _, argument in ipairs(parser.arguments) do
    local name = argument.choices and "{" .. concat(argument.choices, ",") .. "}" or argument.name
    add_entry(lines, { name }, argument.about)
  end
  add_block(blocks, "Arguments", lines)
  lines = {}
  for _, option in ipairs(parser.options) do
    local about = option.about .. (option.default and " (default: " .. option.default .. ")" or "")
    if not option.is_hidden then add_entry(lines, names_of(option), about) end
  end
  add_block(blocks, "Options", lines)
  lines = {}
  for _, command in ipairs(parser.commands) do add_entry(lines, { command.name }, command.about) end
  add_block(blocks, "Commands", lines)
  blocks[#blocks + 1] = parser.note and parser.note()
  return concat(blocks, "\n\n")
end
