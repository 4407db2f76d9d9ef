-- SPDX-License-Identifier: MIT

--- Finds the part that a command's name means, and makes its parser.
-- @module lofty.cli.registry

local parts = require "lofty.cli.parts"

local registry = {}

--- The parser of a part.
-- @tparam string name on the command line
-- @tparam table part
-- @tparam string about
-- @treturn table of argparse
function registry.parser(name, part, about)
  local parser = require "argparse"("lofty " .. name, about)
  parser:add_help(false)
  parser:flag("-h --help", "show this help"):target "help"
  parser:option("--account", "the account to act for"):argname "ID"
  parser:flag("--no-wait", "fail at once where the rate limit asks to wait")
  part.define(parser)
  return parser
end

--- The part that a command's name means.
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
