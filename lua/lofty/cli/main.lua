-- SPDX-License-Identifier: MIT

--- The command `lofty`: finds the part that a command line names, and runs it.
--
-- Each part is a module `lofty.cli.<name>` that returns a table:
--
-- - `define(parser)`: adds arguments and options to an argparse parser.
-- - `run(args, context)`: does the work and returns an exit code. `args` is what the parser made of the command line,
--   `context` is described in `lofty.cli.context`.
-- - `note(command)`, optional: text for the end of the help of one of its commands, nil for none.
--
-- Only the named part is loaded. `lofty.cli.operations` handles the resources of the API.
-- @module lofty.cli.main

local exit_codes = require "lofty.cli.exit_codes"

local main = {}

local function show_version(streams)
  streams.out:write("lofty ", require "lofty.internal.version", "\n")
  return exit_codes.ok
end

-- The help of the command that the first word names, or else of the whole part.
local function help_text(parser, part, words)
  for _, command in ipairs(parser._commands) do
    if command._name == words[1] then
      local note = part.note and part.note(command._name)
      return command:get_help() .. (note and "\n\n" .. note or "")
        .. "\n\nEvery command also takes --account ID and --no-wait.\n"
    end
  end
  return parser:get_help() .. "\n"
end

local function wants_help(words)
  for _, word in ipairs(words) do
    if word == "--" then return false end
    if word == "-h" or word == "--help" then return true end
  end
  return false
end

-- Runs a part. `name` is its name on the command line.
local function run_part(name, part, about, words, streams)
  local parser = require("lofty.cli.registry").parser(name, part, about)
  if wants_help(words) then
    streams.out:write(help_text(parser, part, words))
    return exit_codes.ok
  end
  local ok, args = parser:pparse(words)
  if not ok then
    local sanitize = require "lofty.internal.sanitize"
    streams.err:write("lofty ", name, ": ", sanitize(args), "\n")
    local option = args:match "unknown option '%-%-(%w+)'"
    if option and part.takes_fields then
      streams.err:write("Fields are written as NAME=VALUE: ", option, "=...\n")
    end
    streams.err:write("Run `lofty ", name, " --help` for its usage.\n")
    return exit_codes.usage
  end
  local context = require("lofty.cli.context").new(streams, args)
  return part.run(args, context)
end

local function dispatch(arguments, streams)
  local name = arguments[1]
  if name == nil or name == "--help" or name == "-h" then
    return require("lofty.cli.help").overview(streams)
  elseif name == "--version" or name == "-V" then
    return show_version(streams)
  end
  local words = {}
  for i = 2, #arguments do words[#words + 1] = arguments[i] end
  local part, about = require("lofty.cli.registry").part(name, words)
  if part then return run_part(name, part, about, words, streams) end
  local hint = require("lofty.cli.help").suggest(name)
  streams.err:write("lofty: there is no command ", require "lofty.internal.sanitize"(name, 100), hint,
    "\nRun `lofty help` for the list of commands.\n")
  return exit_codes.usage
end

--- Runs a command line.
-- @tparam {string,...} arguments without the program's name
-- @tparam table streams see `lofty.cli.streams`
-- @treturn number the exit code
function main.run(arguments, streams)
  local ok, code = xpcall(function()
    local code = dispatch(arguments, streams)
    streams.out:flush()
    return code
  end, function(raised)
    if type(raised) == "table" then return raised end
    if type(raised) == "string" and raised:find("interrupted!", 1, true) then return { interrupted = true } end
    return { text = tostring(raised), trace = debug.traceback() }
  end)
  if ok then return code end
  local raised = code
  if raised.interrupted then
    streams.err:write("lofty: interrupted\n")
    return exit_codes.interrupted
  elseif raised.closed then
    return exit_codes.closed
  end
  if raised.kind then return require("lofty.cli.context").new(streams, {}):fail(raised) end
  local text = raised.failed or raised.text or tostring(raised)
  text = require("lofty.cli.modules").explain(text) or text
  streams.err:write("lofty: ", require "lofty.internal.sanitize"(text, 2000), "\n")
  if raised.trace and streams.variable "LOFTY_DEBUG" then streams.err:write(raised.trace, "\n") end
  return exit_codes.failed
end

return main
