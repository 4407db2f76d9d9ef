-- SPDX-License-Identifier: MIT

--- `lofty sandbox`: runs the emulator of Lofty's API while a command runs, or until standard input ends.
-- @module lofty.cli.sandbox

local exit_codes = require "lofty.cli.exit_codes"
local misuse = require "lofty.cli.misuse"
local sorted_keys = require "lofty.cli.sorted_keys"

local sandbox = {}

-- Calls a minute, as for an application in production.
local RATE_LIMIT = 500

function sandbox.define(parser)
  parser:argument("command", "a command with its arguments, after --; its environment has LOFTY_BASE_URL, LOFTY_API_KEY"
    .. " and others. Without a command, the emulator runs until standard input ends"):args "*"
  parser:option("--set", "a setting of the emulator, such as rate_limit=100"):argname "NAME=VALUE":count "*"
  parser:option("--seed", "a JSON file {\"leads\": [{..., \"notes\": [...], \"tasks\": [...]}]}: the account has "
    .. "exactly these records; see the guide's page testing.md"):argname "FILE"
  parser:option("--write", "also write the variables to FILE, for `. FILE` in a shell; it is removed at the end")
    :argname "FILE"
end

-- Adds the records of a file to the options of the emulator. Returns what is wrong with them, or nil.
local function add_seeds(path, settings)
  local known = require "lofty.sandbox.seeds"
  local file, why = io.open(path, "rb")
  if not file then return why end
  local text
  text, why = file:read "*a"
  file:close()
  if not text then return path .. ": " .. why end
  local records, err = require("lofty").json.decode(text)
  if type(records) ~= "table" then return path .. ": " .. tostring(err or "not a JSON object") end
  for name, list in pairs(records) do
    if not known.resources[name] then
      return ("%s: unknown member %q; there are %s"):format(path, tostring(name),
        table.concat(sorted_keys(known.resources), ", "))
    end
    settings[name] = list
  end
  local _, problem = known.read(settings, os.time())
  return problem and path .. ": " .. problem
end

function sandbox.run(args, context)
  local session = require "lofty.sandbox.session"
  local settings = { rate_limit = RATE_LIMIT }
  for _, text in ipairs(args.set) do
    local name, value = session.setting(text)
    if not name then return context:fail(value, exit_codes.usage) end
    settings[name] = value
  end
  local opt = {
    settings = settings, write = args.write, command = #args.command > 0 and args.command or nil,
    input = context.streams.input, out = context.streams.out,
  }
  if args.seed then
    local problem = add_seeds(args.seed, settings)
    if problem then return context:fail(problem, exit_codes.usage) end
  end
  local ok, status = pcall(session.run, opt)
  if not ok then return context:fail(misuse.text(status)) end
  return status
end

return sandbox
