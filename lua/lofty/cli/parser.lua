-- SPDX-License-Identifier: MIT

--- Reads command lines. A parser knows the arguments, options and commands of a part of the command; a command of a
-- part, such as `get` in `lofty leads get`, has a parser of its own. `lofty.cli.usage` makes the help text of a parser.
--
-- Options are written as `--input FILE`, `--input=FILE`, `-f FIELDS`, `-fFIELDS`, and flags of one letter also joined.
-- `--` ends the options.
-- @module lofty.cli.parser

local find, format, gmatch, gsub, sub = string.find, string.format, string.gmatch, string.gsub, string.sub
local concat = table.concat

local Parser = {}
Parser.__index = Parser

-- The key in the result for the option with these names: "no_wait" for "--no-wait".
local function key_of(names)
  for _, name in ipairs(names) do
    if sub(name, 1, 2) == "--" then return (gsub(sub(name, 3), "-", "_")) end
  end
end

local function new(name, about)
  local parser = setmetatable({ name = name, about = about, arguments = {}, options = {}, commands = {} }, Parser)
  parser:flag("-h --help", "show this help")
  return parser
end

--- Adds an argument, which is told by its place. Its value in the result has its name.
-- @tparam string name
-- @tparam string about one line for the help
-- @tparam[opt] table opt `args`: "*" takes all that follow, "+" as well and at least one, "?" may be absent; `choices`,
--   the valid words
function Parser:argument(name, about, opt)
  opt = opt or {}
  self.arguments[#self.arguments + 1] = { name = name, about = about, args = opt.args, choices = opt.choices }
end

--- Adds an option with a value.
-- @tparam string names "--input" or "-f --fields"; the value in the result has the long name, with `_` for `-`
-- @tparam string about one line for the help
-- @tparam[opt] table opt `argname`, what the value is, for the help; `default`; `convert`, a function of the text, nil
--   for text that is wrong; `is_required`; `is_repeated`: the value in the result is a list, otherwise the last one
--   counts; `is_hidden` from the help
function Parser:option(names, about, opt)
  local option = { names = {}, about = about, takes_value = true }
  for name in gmatch(names, "%S+") do option.names[#option.names + 1] = name end
  option.key = key_of(option.names)
  for key, value in pairs(opt or {}) do option[key] = value end
  self.options[#self.options + 1] = option
end

--- Adds an option without a value; given, it is true in the result.
-- @tparam string names
-- @tparam string about
-- @tparam[opt] table opt `is_hidden`
function Parser:flag(names, about, opt)
  self:option(names, about, opt)
  self.options[#self.options].takes_value = false
end

--- Adds a command. A parser with commands requires one of them; `command` in the result is its name.
-- @tparam string name
-- @tparam string about
-- @treturn table the command's parser, which may get a `note`: a function that returns a text for the end of
--   its help, or nil
function Parser:command(name, about)
  local command = new(name, about)
  command.full_name = (self.full_name or self.name) .. " " .. name
  self.commands[#self.commands + 1] = command
  return command
end

-- What has been read: `values`, the result; `options`, those known by now, by name and in order; `arguments`, those
-- known by now, of which `at` is the next; `commands`; `pending` and `pending_name`, an option that needs a value.
local Reading = {}
Reading.__index = Reading

function Reading:enter(parser)
  for _, option in ipairs(parser.options) do
    self.options[#self.options + 1] = option
    for _, name in ipairs(option.names) do self.options[name] = option end
    if option.is_repeated then self.values[option.key] = {} end
  end
  for _, argument in ipairs(parser.arguments) do
    self.arguments[#self.arguments + 1] = argument
    if argument.args == "*" or argument.args == "+" then self.values[argument.name] = {} end
  end
  self.commands = parser.commands
end

-- For a message: the names in a table that are similar to a wrong one.
local function hint(name, known)
  return (select(2, require "lofty.internal.suggest"(name, known)))
end

-- The functions below return what is wrong with the command line, nil when nothing is.

function Reading:missing_value()
  return self.pending and format("option '%s' requires an argument", self.pending_name)
end

function Reading:store(option, text)
  local value = text
  if option.convert then value = option.convert(text) end
  if value == nil then return format("malformed argument '%s'", text) end
  if option.is_repeated then
    local list = self.values[option.key]
    list[#list + 1] = value
  else
    self.values[option.key] = value
  end
end

-- An option by its name, with the value that was written together with it.
function Reading:option(name, value)
  local option = self.options[name]
  if not option then return format("unknown option '%s'%s", name, hint(name, self.options)) end
  if self.pending then return self:missing_value() end
  if value and not option.takes_value then return format("option '%s' does not take arguments", name) end
  if not option.takes_value then
    self.values[option.key] = true
  elseif value then
    return self:store(option, value)
  else
    self.pending, self.pending_name = option, name
  end
end

-- "-f", "-fFIELDS", or several flags.
function Reading:short_options(word)
  for i = 2, #word do
    local name = "-" .. sub(word, i, i)
    local option = self.options[name]
    local value = option and option.takes_value and i < #word and sub(word, i + 1) or nil
    local problem = self:option(name, value)
    if problem or value then return problem end
  end
end

function Reading:command(word)
  if #self.commands == 0 then return "too many arguments" end
  local known = {}
  for _, command in ipairs(self.commands) do known[command.name] = command end
  if not known[word] then return format("unknown command '%s'%s", word, hint(word, known)) end
  self.values.command = word
  self:enter(known[word])
end

local function is_among(word, choices)
  for _, choice in ipairs(choices) do
    if choice == word then return true end
  end
  return false
end

-- A word that is no option: an option's value, an argument, or a command.
function Reading:word(word)
  local option = self.pending
  if option then
    self.pending = nil
    return self:store(option, word)
  end
  local argument = self.arguments[self.at]
  if not argument then return self:command(word) end
  local name, choices = argument.name, argument.choices
  if choices and not is_among(word, choices) then
    return format("argument '%s' must be one of '%s'", name, concat(choices, "', '"))
  end
  local list = self.values[name]
  if list then
    list[#list + 1] = word
  else
    self.values[name] = word
    self.at = self.at + 1
  end
end

-- What is missing at the end.
function Reading:finish()
  if self.pending then return self:missing_value() end
  for i = self.at, #self.arguments do
    local argument = self.arguments[i]
    local list = self.values[argument.name]
    local is_optional = argument.args == "*" or argument.args == "?"
    if not is_optional and (list == nil or #list == 0) then return format("missing argument '%s'", argument.name) end
  end
  if #self.commands > 0 then return "a command is required" end
  for _, option in ipairs(self.options) do
    if self.values[option.key] == nil then
      if option.is_required then return format("missing option '%s'", option.names[1]) end
      if option.default then self:store(option, option.default) end
    end
  end
end

function Reading:all(words)
  local has_options = true
  for _, word in ipairs(words) do
    local problem
    if not has_options or sub(word, 1, 1) ~= "-" or word == "-" then
      problem = self:word(word)
    elseif word == "--" then
      problem, has_options = self:missing_value(), false
    elseif sub(word, 2, 2) == "-" then
      local equals = find(word, "=", 1, true)
      problem = self:option(equals and sub(word, 1, equals - 1) or word, equals and sub(word, equals + 1))
    else
      problem = self:short_options(word)
    end
    if problem then return problem end
  end
  return self:finish()
end

--- Reads the words of a command line.
-- @tparam {string,...} words
-- @treturn[1] table the values by name: a string, true for a flag, or a list
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function Parser:parse(words)
  local reading = setmetatable({ values = {}, options = {}, arguments = {}, at = 1 }, Reading)
  reading:enter(self)
  local problem = reading:all(words)
  if problem then return nil, problem end
  return reading.values
end

--- Makes a parser.
-- @function lofty.cli.parser
-- @tparam string name the beginning of the command line, such as "lofty export"
-- @tparam string about one line for the help
-- @treturn table
return new
