-- SPDX-License-Identifier: MIT

--- `lofty sandbox`: runs the emulator of Lofty's API while a command runs, or until standard input ends.
-- @module lofty.cli.sandbox

local exit_codes = require "lofty.cli.exit_codes"

local sandbox = {}

-- The account of the emulator that has no leads.
local EMPTY_ACCOUNT = "113377"
-- Calls a minute, as for an application in production.
local RATE_LIMIT = 500

function sandbox.define(parser)
  parser:argument("command", "a command with its arguments, after --; its environment has LOFTY_BASE_URL, LOFTY_API_KEY"
    .. " and others. Without a command, the emulator runs until standard input ends"):args "*"
  parser:option("--set", "a setting of the emulator, such as rate_limit=100"):argname "NAME=VALUE":count "*"
  parser:option("--seed", "a JSON file {\"leads\": [{..., \"notes\": [...], \"tasks\": [...]}]}: the account has "
    .. "exactly these leads"):argname "FILE"
  parser:option("--write", "also write the variables to FILE, for `. FILE` in a shell"):argname "FILE"
end

-- Reads a file of seeds. nil, problem.
local function read_seeds(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local text = file:read "*a"
  file:close()
  local seeds, err = require("lofty").json.decode(text)
  if type(seeds) ~= "table" then return nil, path .. ": " .. tostring(err or "not a JSON object") end
  if type(seeds.leads) ~= "table" then return nil, path .. ": must be an object with an array \"leads\"" end
  for name in pairs(seeds) do
    if name ~= "leads" then return nil, ("%s: unknown member %q: there is only \"leads\""):format(path, name) end
  end
  return seeds
end

-- Splits a lead of the file into the fields for leads.create, its notes and its tasks.
local function split_lead(lead)
  local fields = {}
  for name, value in pairs(lead) do
    if name ~= "notes" and name ~= "tasks" then fields[name] = value end
  end
  return fields, lead.notes or {}, lead.tasks or {}
end

local function create(resource, record, where)
  local made, err = resource:create(record)
  if not made then error(("%s: %s"):format(where, tostring(err)), 0) end
  return made
end

-- Creates the records through the emulator's API, so that they are checked like those of any program.
local function seed(box, seeds, settings)
  box.api_key = box.api_keys[EMPTY_ACCOUNT]
  box.customer_key = box.api_key
  box:control("settings", { rate_limit = 0 })
  local crm = require("lofty").client { api_key = box.api_key, base_url = box.url, limit = 1000000 }
  for i, lead in ipairs(seeds.leads) do
    local where = "leads[" .. i .. "]"
    if type(lead) ~= "table" then error(where .. ": not an object", 0) end
    local fields, notes, tasks = split_lead(lead)
    local made = create(crm.leads, fields, where)
    for n, note in ipairs(notes) do
      note.leadId = made.leadId
      create(crm.notes, note, where .. ".notes[" .. n .. "]")
    end
    for n, task in ipairs(tasks) do
      task.leadId = made.leadId
      create(crm.tasks, task, where .. ".tasks[" .. n .. "]")
    end
  end
  box:control("settings", { rate_limit = settings.rate_limit })
end

function sandbox.run(args, context)
  local session = require "lofty.sandbox.session"
  local settings = { rate_limit = RATE_LIMIT }
  for _, text in ipairs(args.set) do
    local name, value = session.setting(text)
    if not name then
      return context:fail("--set takes NAME=VALUE, got " .. text, exit_codes.usage)
    end
    settings[name] = value
  end
  local opt = {
    settings = settings, write = args.write, command = #args.command > 0 and args.command or nil,
    input = context.streams.input, out = context.streams.out,
  }
  if args.seed then
    local seeds, problem = read_seeds(args.seed)
    if not seeds then return context:fail(problem, exit_codes.usage) end
    function opt.prepare(box) seed(box, seeds, settings) end
  end
  local ok, status = pcall(session.run, opt)
  if not ok then return context:fail(type(status) == "table" and status or tostring(status)) end
  return status
end

return sandbox
