-- SPDX-License-Identifier: MIT

--- The manual page lofty(1), made from the parsers of the parts, the table of operations and the topics of help.
-- @module lofty.cli.manual

local sorted_keys = require "lofty.cli.sorted_keys"

local concat = table.concat

local manual = {}

-- Text as roff: backslashes and hyphens are escaped, and a dot at the beginning of a line is not read as a request.
local function roff(text)
  return (("\n" .. text):gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n([.'])", "\n\\&%1"):sub(2))
end

local function add_options(lines, parser)
  for _, option in ipairs(parser._options) do
    if not option._hidden and option._name ~= "-h" and option._name ~= "--help" and option._description then
      local name = concat(option._aliases, ", ")
      local value = option._argname
      if type(value) == "table" then value = concat(value, " ") end
      if value and value:sub(1, 1) ~= "<" then name = name .. " " .. value end
      lines[#lines + 1] = ".IP \"" .. roff(name) .. "\" 4"
      lines[#lines + 1] = roff(option._description)
    end
  end
end

local function add_command(lines, name, command)
  lines[#lines + 1] = ".TP\n.B " .. roff(name .. command._name)
  lines[#lines + 1] = roff(command._description or "")
  lines[#lines + 1] = ".RS"
  add_options(lines, command)
  lines[#lines + 1] = ".RE"
end

local function add_part(lines, part)
  local registry = require "lofty.cli.registry"
  local found, about = registry.part(part[1], {})
  local parser = registry.parser(part[1], found, about)
  lines[#lines + 1] = ".SS lofty " .. part[1]
  lines[#lines + 1] = roff(part[3]) .. "."
  for _, command in ipairs(parser._commands) do add_command(lines, "lofty " .. part[1] .. " ", command) end
  local own = {}
  for _, option in ipairs(parser._options) do
    if option._name ~= "--account" and option._name ~= "--no-wait" then own[#own + 1] = option end
  end
  add_options(lines, { _options = own })
end

local function add_operations(lines)
  local operations = require "lofty.cli.operations"
  local all = require "lofty.api.operations"
  for _, resource in ipairs(sorted_keys(all)) do
    lines[#lines + 1] = ".SS lofty " .. resource
    for _, verb in ipairs(sorted_keys(all[resource])) do
      local op = all[resource][verb]
      local shape = op.query or op.body
      local words = {}
      for _, name in ipairs(operations.path_names(op)) do words[#words + 1] = "\\fI" .. name .. "\\fR" end
      for _, name in ipairs(shape and shape.required or {}) do words[#words + 1] = name .. "=\\fIVALUE\\fR" end
      lines[#lines + 1] = ".TP\n.B " .. roff(verb) .. "\\fR " .. concat(words, " ")
      lines[#lines + 1] = roff(op.about) .. "."
    end
    local extras = operations.extras(resource)
    if extras then
      local parser = require "argparse"()
      extras.define(parser)
      for _, command in ipairs(parser._commands) do add_command(lines, "", command) end
    end
  end
end

local TITLES = {
  { "fields", "FIELDS" }, { "output", "OUTPUT" }, { "accounts", "ACCOUNTS" }, { "environment", "ENVIRONMENT" },
  { "exit-codes", "EXIT STATUS" },
}

--- The page, for man(1).
-- @treturn string
function manual.page()
  local topics = require "lofty.cli.topics"
  local lines = {
    '.TH LOFTY 1 "" "lofty ' .. roff(require "lofty.internal.version") .. '" "User Commands"',
    ".SH NAME", "lofty \\- the Lofty CRM from the command line",
    ".SH SYNOPSIS", ".B lofty\n.I COMMAND\n\\&...", ".br",
    ".B lofty\n.I RESOURCE VERB\n[\\fIVALUE\\fR ...] [\\fINAME\\fR=\\fIVALUE\\fR ...]",
    ".SH OPTIONS", ".IP \"\\-\\-account ID\" 4\nthe account to act for",
    ".IP \\-\\-no\\-wait 4\nexit with code 5 instead of waiting for the rate limit",
    ".IP \\-\\-version 4\nprint the version",
    ".IP \\-\\-help 4\nafter a command: show its usage",
    ".SH COMMANDS",
  }
  for _, part in ipairs(require "lofty.cli.parts") do
    if part[2] then add_part(lines, part) end
  end
  lines[#lines + 1] = ".SH OPERATIONS\nRequired fields are shown; \\fBlofty\\fR \\fIRESOURCE VERB\\fR "
    .. "\\fB\\-\\-help\\fR lists all."
  add_operations(lines)
  for _, title in ipairs(TITLES) do
    lines[#lines + 1] = ".SH " .. title[2]
    lines[#lines + 1] = ".nf\n" .. roff(topics[title[1]]) .. ".fi"
  end
  return concat(lines, "\n") .. "\n"
end

return manual
