--- `lofty RESOURCE VERB [VALUE ...] [NAME=VALUE ...]`: every operation of the API.
-- @module lofty.cli.operations

local exit_codes = require "lofty.cli.exit_codes"
local values = require "lofty.cli.values"

local unpack = rawget(_G, "unpack") or table.unpack -- luacheck: ignore 143

local operations = {}

-- The operations of a resource: "leads", or "v1.tasks".
local function resource_named(name)
  local at = require "lofty.api.operations"
  for word in name:gmatch "[^.]+" do
    at = type(at) == "table" and at[word]
  end
  if type(at) ~= "table" then return nil end
  for _, entry in pairs(at) do
    if type(entry) == "table" and entry.method then return at end
  end
end

-- The names of the path's parameters, in the order of the template.
local function path_names(op)
  local names = {}
  for name in op.path:gmatch "{([%w_]+)}" do names[#names + 1] = name end
  return names
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function define(verbs)
  return function(parser)
    parser:command_target "verb"
    parser:require_command(true)
    for _, verb in ipairs(sorted_keys(verbs)) do
      local op = verbs[verb]
      if op.method then
        local command = parser:command(verb, op.about)
        local shape = op.query or op.body
        local names = shape and shape.fields and table.concat(sorted_keys(shape.fields), ", ") or "none"
        command:argument("words", "values of the path, then fields as NAME=VALUE; fields: " .. names):args "*"
        if op.method ~= "GET" then command:flag("--dry-run", "show the call and do not send it") end
        if op.class == "notify" or op.method == "DELETE" or op.reaches then command:flag("--yes", "do not ask") end
        if op.page then command:flag("--all", "walk the list to its end") end
      end
    end
  end
end

-- The arguments of the method: path values, then the fields. nil, problem.
local function arguments_of(op, words)
  local names, list, fields = path_names(op), {}, {}
  local shape = op.query or op.body or { fields = {} }
  for _, word in ipairs(words) do
    local name, text = values.split(word)
    if not name then
      if #list == #names then return nil, ("%q is neither a value of the path nor NAME=VALUE"):format(word) end
      list[#list + 1] = word
    else
      local field = shape.fields and shape.fields[name]
      local value, problem = values.read(text, field or {})
      if value == nil then return nil, name .. " " .. problem end
      fields[name] = value
    end
  end
  if #list < #names then return nil, "the path needs " .. table.concat(names, " and ") end
  if next(fields) ~= nil or #names == 0 then list[#list + 1] = fields end
  return list
end

local function run(resource, verbs)
  return function(args, context)
    local op = verbs[args.verb]
    local list, problem = arguments_of(op, args.words)
    if not list then return context:fail(resource .. " " .. args.verb .. ": " .. problem, exit_codes.usage) end
    local crm, who = context:client { dry_run = args.dry_run or nil }
    if not crm then return context:fail(who or "not logged in: run `lofty auth login`", exit_codes.credential) end
    if op.method ~= "GET" then context:say("acting for ", who) end
    if (op.class == "notify" or op.method == "DELETE") and not args.dry_run then
      local ok, code = context:confirm(("Really %s %s?"):format(resource, args.verb))
      if not ok then return code end
    end
    local at = crm
    for word in resource:gmatch "[^.]+" do at = at[word] end
    local value, err
    if args.all then value, err = at[args.verb].all(at, unpack(list, 1, #list))
    else value, err = at[args.verb](at, unpack(list, 1, #list)) end
    if value == nil then return context:fail(err) end
    context.streams.out:write(assert(require("lofty").json.encode(value)), "\n")
    return exit_codes.ok
  end
end

--- The part for a resource.
-- @tparam string name
-- @treturn ?table a part as `lofty.cli.main` describes it; nil when there is no such resource
-- @treturn ?string one line about it
function operations.part(name)
  local verbs = resource_named(name)
  if not verbs then return nil end
  return { define = define(verbs), run = run(name, verbs) }, "the operations of " .. name
end

return operations
