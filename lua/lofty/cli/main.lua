--- The command `lofty`: finds the part that a command line names, and runs it.
--
-- Each part is a module `lofty.cli.<name>` that returns a table:
--
-- - `summary`: one line for `lofty help`.
-- - `define(parser)`: adds arguments and options to an argparse parser.
-- - `run(args, context)`: does the work and returns an exit code. `args` is what the parser made of the command line,
--   `context` is described in `lofty.cli.context`.
--
-- Only the part that is named is loaded. A word that names a resource of the API is handled by `lofty.cli.operations`.
-- @module lofty.cli.main

local exit_codes = require "lofty.cli.exit_codes"
local parts = require "lofty.cli.parts"

local main = {}

local function part_named(name)
  for _, part in ipairs(parts) do
    if part[1] == name then return require("lofty.cli." .. part[2]), part end
  end
end

-- Options before the command's name.
local function show_version(streams)
  streams.out:write("lofty ", require("lofty")._VERSION, "\n")
  return exit_codes.ok
end

local function new_parser(name, about)
  local parser = require "argparse"("lofty " .. name, about)
  parser:add_help(false)
  parser:flag("-h --help", "show this help"):target "help"
  parser:option("--account", "the account to act for"):argname "ID"
  parser:flag("--no-wait", "fail at once where the rate limit asks to wait")
  return parser
end

-- Runs a part. `name` is its name on the command line.
local function run_part(name, part, about, words, streams)
  local parser = new_parser(name, about)
  part.define(parser)
  for _, word in ipairs(words) do
    if word == "--" then break end
    if word == "-h" or word == "--help" then
      streams.out:write(parser:get_help(), "\n")
      return exit_codes.ok
    end
  end
  local ok, args = parser:pparse(words)
  if not ok then
    streams.err:write("lofty ", name, ": ", args, "\nlofty ", name, " --help lists what it takes.\n")
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
  local part, entry = part_named(name)
  if part then return run_part(name, part, entry[3], words, streams) end
  local operations = require "lofty.cli.operations"
  local found, about = operations.part(name, words)
  if found then return run_part(name, found, about, words, streams) end
  local hint = require("lofty.cli.help").suggest(name)
  streams.err:write("lofty: there is no command ", require("lofty.errors").sanitize(name), hint,
    "\nlofty help lists all.\n")
  return exit_codes.usage
end

--- Runs a command line.
-- @tparam {string,...} arguments without the program's name
-- @tparam table streams see `lofty.cli.streams`
-- @treturn number the exit code
function main.run(arguments, streams)
  local ok, code = xpcall(dispatch, function(raised)
    local errors = require "lofty.errors"
    if errors.is(raised) then return raised end
    if type(raised) == "string" and raised:find("interrupted!", 1, true) then return { interrupted = true } end
    return tostring(raised) .. "\n" .. debug.traceback()
  end, arguments, streams)
  if ok then
    streams.out:flush()
    return code
  end
  if type(code) == "table" and code.interrupted then
    streams.err:write("lofty: interrupted\n")
    return exit_codes.interrupted
  elseif type(code) == "table" then
    streams.err:write("lofty: ", tostring(code), "\n")
    return exit_codes.of(code)
  end
  streams.err:write("lofty: ", require("lofty.errors").sanitize(code:match("^[^\n]*")), "\n")
  if streams.variable "LOFTY_DEBUG" then streams.err:write(code, "\n") end
  return exit_codes.failed
end

return main
