-- SPDX-License-Identifier: MIT

--- `lofty RESOURCE VERB [VALUE ...] [NAME=VALUE ...]`: every operation of the API.
-- @module lofty.cli.operations

local exit_codes = require "lofty.cli.exit_codes"
local index = require "lofty.api.operations.index"
local lazy = require "lofty.internal.lazy"
local output = require "lofty.cli.output"

local values = lazy "lofty.cli.values"

local unpack = rawget(_G, "unpack") or table.unpack -- luacheck: ignore 143

local operations = {}

--- The names of the path's parameters, in the order of the template.
-- @tparam table op
-- @treturn {string,...}
function operations.path_names(op)
  local names = {}
  for name in op.path:gmatch "{([%w_]+)}" do names[#names + 1] = name end
  return names
end

--- Finds a resource or an operation of a client.
-- @tparam table crm
-- @tparam string name "v1.tasks" for `crm.v1.tasks`, "leads.get" for `crm.leads.get`
-- @return it
function operations.at(crm, name)
  local at = crm
  for word in name:gmatch "[^.]+" do at = at[word] end
  return at
end

--- Whether a call sends a message to people.
-- @tparam table op
-- @tparam table fields
-- @treturn boolean
function operations.reaches(op, fields)
  if op.class == "notify" then return true end
  for _, name in ipairs(op.reaches or {}) do
    local value = fields[name]
    if value ~= nil and value ~= false and value ~= require("lofty").null then return true end
  end
  return false
end

--- Whether a call sends a message to people, deletes, or ends an agent's access.
-- @tparam string verb
-- @tparam table op
-- @tparam table fields
-- @treturn boolean
function operations.must_ask(verb, op, fields)
  return op.method == "DELETE" or verb == "deactivate" or operations.reaches(op, fields)
end

--- Adds what one verb takes to an argparse command.
function operations.define_verb(command, verb, op)
  command:argument("words", "the ids in the path, then fields as NAME=VALUE"):args "*"
  output.define(command)
  command:flag("--lua", "print the same call as a Lua script, and send nothing")
  if op.body then command:option("--input", "read the JSON body from a file; - is standard input"):argname "FILE" end
  if op.class ~= "read" then command:flag("--dry-run", "show the call and do not send it") end
  if op.reaches or operations.must_ask(verb, op, {}) then command:flag("--yes", "do not ask for confirmation") end
  if op.page and op.page.style ~= "all" then command:flag("--all", "fetch the whole list, not one page") end
end

-- Resources with commands beside their operations: `define(parser)` adds them, `actions` runs them (name ->
-- function(args, context) -> exit code), and `show` has for some operations a function that writes their value to a
-- terminal (verb -> function(context, value)).
local EXTRAS = { leads = "lofty.cli.leads_find", webhooks = "lofty.cli.webhooks" }

--- What the command has for a resource beside its operations.
-- @tparam string resource
-- @treturn ?table nil when there is nothing
function operations.extras(resource)
  return EXTRAS[resource] and require(EXTRAS[resource])
end

local function define(resource, verbs, words)
  return function(parser)
    parser:command_target "verb"
    parser:require_command(true)
    local named = words[1] and verbs[words[1]]
    if named then
      operations.define_verb(parser:command(words[1], named.about), words[1], named)
      return
    end
    for _, verb in ipairs(require "lofty.cli.sorted_keys"(verbs)) do
      local op = verbs[verb]
      operations.define_verb(parser:command(verb, op.about), verb, op)
    end
    local extras = operations.extras(resource)
    if extras then extras.define(parser) end
  end
end

-- The arguments of the method: the ids in the path, then the fields; and the fields. nil, problem.
local function arguments_of(op, args, streams)
  local names, list, fields = operations.path_names(op), {}, {}
  local path_shapes = op.params or {}
  local shape = op.query or op.body or { fields = {} }
  local known = shape.fields or {}
  local in_path = {}
  for _, word in ipairs(args.words) do
    local name, text
    if word:find("=", 1, true) then name, text = values.split(word) end
    if name and (fields[name] ~= nil or in_path[name]) then
      return nil, name .. " is given twice" .. (known[name] and known[name].type == "array" and ": write " .. name
        .. "=ONE,TWO" or "")
    elseif name and path_shapes[name] and not known[name] then
      in_path[name] = text
    elseif (not name or not known[name]) and #list < #names then
      list[#list + 1] = word
    elseif not name then
      return nil, ("%q is neither an id in the path nor a field (NAME=VALUE)"):format(word)
    else
      local value, problem = values.read(text, known[name] or {})
      if value == nil then return nil, name .. " " .. problem end
      fields[name] = value
    end
  end
  local path = {}
  for _, name in ipairs(names) do
    path[#path + 1] = in_path[name] or table.remove(list, 1)
  end
  if #path < #names then return nil, "missing: " .. table.concat(names, " and ") end
  if #list > 0 then return nil, ("%q is neither an id in the path nor a field (NAME=VALUE)"):format(list[1]) end
  if args.input then
    local body, problem = values.from_file(streams, args.input)
    if body == nil then return nil, problem end
    if type(body) ~= "table" then return nil, args.input .. " must hold a JSON object or array" end
    for name, value in pairs(fields) do body[name] = value end
    fields = body
  end
  if next(fields) ~= nil or op.body or args.all then path[#path + 1] = fields end
  return path, fields
end

-- Writes the whole list and shows the progress.
local function write_all(context, list, op, arguments)
  local pages = require "lofty.api.pages"
  local writer = output.writer(context)
  local progress = require("lofty.cli.progress").new(context)
  for page in list.pages(list, unpack(arguments, 1, #arguments)) do
    local items, total = pages.items(page, op.page)
    progress:clear()
    writer:add(items)
    progress:show(writer.count, total)
  end
  progress:clear()
  writer:finish()
  return exit_codes.ok
end

-- The function that writes an operation's items to a terminal in its own way, or nil.
local function own_table(context, resource, verb)
  local extras = output.is_table(context) and operations.extras(resource)
  return extras and extras.show and extras.show[verb]
end

local function write_value(context, resource, verb, value, items, total)
  local show = own_table(context, resource, verb)
  if show then
    show(context, items)
  elseif items then
    output.page(context, value, items)
  else
    output.value(context, value)
  end
  if items and total and total > #items and #items > 0 and context.streams.err_is_terminal then
    context:say(("%d of %d; --all fetches the whole list"):format(#items, total))
  end
  return exit_codes.ok
end

local function run_verb(resource, verb, op, context)
  local args = context.args
  local list, fields = arguments_of(op, args, context.streams)
  local problem = not list and fields or output.problem(context)
  if problem then return context:fail(resource .. " " .. verb .. ": " .. problem, exit_codes.usage) end
  if args.lua then
    context.streams.out:write(require("lofty.cli.script").of(resource, verb, list, args.all))
    return exit_codes.ok
  end
  local crm, who = context:client { dry_run = args.dry_run or nil }
  if not crm then return context:fail(who) end
  if op.class ~= "read" then
    context:say("acting for ", who)
    if not args.dry_run and operations.must_ask(verb, op, fields) then
      local ok, code = context:confirm(("Run lofty %s %s %s"):format(resource, verb, table.concat(args.words, " ")))
      if not ok then return code end
    end
  end
  local at = operations.at(crm, resource)
  local get = index.verbs(resource).get
  context.id_name = get and operations.path_names(get)[1]
  if args.all then return write_all(context, at[verb], op, list) end
  local value, response = at[verb](at, unpack(list, 1, #list))
  if value == nil then return context:fail(response) end
  if args.dry_run then return exit_codes.ok end
  local items, total
  if op.page then
    items, total = require("lofty.api.pages").expect(resource .. "." .. verb, op.page, value, response)
    if not items then return context:fail(total) end
  end
  return write_value(context, resource, verb, value, items, total)
end

--- The part for a resource. If the first word is an operation, its parser knows only this one.
-- @tparam string name
-- @tparam {string,...} words that follow it
-- @treturn ?table a part as `lofty.cli.main` describes it; nil when there is no such resource
-- @treturn ?string one line about it
function operations.part(name, words)
  local verbs = index.verbs(name)
  if not verbs then return nil end
  local function run(args, context)
    local op = verbs[args.verb]
    if op then return run_verb(name, args.verb, op, context) end
    return operations.extras(name).actions[args.verb](args, context)
  end
  local function note(verb) return verbs[verb] and require "lofty.cli.operation_fields"(verbs[verb]) end
  return { define = define(name, verbs, words), run = run, note = note, takes_fields = true },
    "the operations of " .. name
end

return operations
