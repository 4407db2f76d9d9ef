-- SPDX-License-Identifier: MIT

--- Finds the part of the command that a name stands for, and makes its parser.
-- @module lofty.cli.registry

local parts = require "lofty.cli.parts"

local registry = {}

--- Makes the parser of a part.
-- @tparam string name on the command line
-- @tparam table part
-- @tparam string about
-- @treturn table of argparse
function registry.parser(name, part, about)
  local parser = require "argparse"("lofty " .. name, about)
  parser:add_help(false)
  parser:flag("-h --help", "show this help"):target "help"
  parser:option("--account", "the account to act for"):argname "ID"
  parser:flag("--no-wait", "exit with code 5 instead of waiting for the rate limit")
  part.define(parser)
  for _, command in ipairs(parser._commands) do command._options[1]:description "show this help" end
  return parser
end

--- Finds the part with a name.
-- @tparam string name
-- @tparam {string,...} words that follow it
-- @treturn ?table part; nil when there is none
-- @treturn ?string one line about it
function registry.part(name, words)
  for _, part in ipairs(parts) do
    if part[1] == name and part[2] then return require("lofty.cli." .. part[2]), part[3] end
  end
  local found, about = require("lofty.cli.operations").part(name, words)
  return found, about
end

return registry
