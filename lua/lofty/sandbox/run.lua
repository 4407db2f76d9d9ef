-- SPDX-License-Identifier: MIT

--- Runs the sandbox from a checkout, on any Lua. `lofty sandbox` does the same where the command is installed.
--
--     lua lua/lofty/sandbox/run.lua                       until Ctrl-C, or the end of its input
--     lua lua/lofty/sandbox/run.lua --write FILE          writes the exports to FILE too, to be sourced by a shell
--     lua lua/lofty/sandbox/run.lua --parent              until the process ends that started it
--     lua lua/lofty/sandbox/run.lua -- COMMAND ARGUMENT…  for as long as COMMAND runs, with the exports set for it
--     any of them with --set NAME=VALUE              a setting of README.md, e.g. --set rate_limit=100
--
-- Nothing is left running: the server ends with this process, however that ends.

local folder = arg[0]:match("^(.*)/lofty/sandbox/[^/]*$") or "lua"
package.path = folder .. "/?.lua;" .. package.path

local session = require "lofty.sandbox.session"

local function fail(text)
  io.stderr:write("sandbox: ", text, "\n")
  os.exit(2)
end

-- The options of the command line. The limit is that of an application in production.
local function parse(words)
  local opt = { settings = { rate_limit = 500 }, input = io.stdin, out = io.stdout }
  local i = 1
  while words[i] do
    local word = words[i]
    if word == "--" then
      opt.command = {}
      for k = i + 1, #words do opt.command[#opt.command + 1] = words[k] end
      return opt
    elseif word == "--parent" then opt.parent = true
    elseif word == "--write" then
      i = i + 1
      opt.write = words[i] or fail("--write wants a file name")
    elseif word == "--set" then
      i = i + 1
      local name, value = session.setting(words[i] or "")
      if not name then fail(value) end
      opt.settings[name] = value
    else
      fail("unknown option " .. word)
    end
    i = i + 1
  end
  return opt
end

local opt = parse(arg)
local ok, status = pcall(session.run, opt)
if not ok then fail(tostring(status)) end
os.exit(status)
