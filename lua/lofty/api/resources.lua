-- SPDX-License-Identifier: MIT

--- Makes `crm.leads:create{...}` from `lofty.api.operations`.
--
-- `crm.<resource>:<verb>(path values..., fields)` sends one call and returns `value, response` or `nil, err`. A verb
-- that lists is also an object: `crm.communication:texts{...}` is one page, and `crm.communication.texts:each(...)`,
-- `:pages(...)` and `:all(...)` walk all pages. The walks of a resource's own `list` are on the resource too:
-- `crm.leads:each(...)`.
--
-- After the path values and the filter, each, pages and all take a table of options: `resume`, the cursor of an earlier
-- item or err; `strict = false`, which accepts a walk that ends before the total that the server states; and
-- `list`, where a response holds several lists (`crm.listings:each(filter, { list = "soldListing" })`).
--
-- Records that are changed or deleted during a walk may move out of the list, and then the walk skips others. To change
-- the records of a list, fetch it completely with `all` first.
-- @module lofty.api.resources

local check_options = require "lofty.internal.options"
local core = require "lofty.core"
local index = require "lofty.api.operations.index"
local integers = require "lofty.api.integers"
local lazy = require "lofty.internal.lazy"
local misuse = require "lofty.internal.misuse"

local check = lazy "lofty.api.validate"
local errors = lazy "lofty.errors"
local pages = lazy "lofty.api.pages"
local scalars = lazy "lofty.api.scalars"

local error, next, pairs, rawset, require, select, setmetatable, tostring, type =
  error, next, pairs, rawset, require, select, setmetatable, tostring, type
local find, format, gmatch, sub = string.find, string.format, string.gmatch, string.sub

local null = core.null

local resources = {}

local NOTHING, NO_FIELDS = {}, { fields = {} }
local LIST_OPTIONS, KEY_OPTIONS = { resume = true, strict = true }, { resume = true, strict = true, list = true }

-- Seconds between the tries of a get that waits: the first pause, doubled up to the longest.
local FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4

-- The names in a path, in order.
local function names_of(path)
  local names = {}
  for name in gmatch(path, "{(%w+)}") do names[#names + 1] = name end
  return names
end

local function invalid(verb, problem)
  return errors.new { kind = "invalid", operation = verb.name, sent = false, message = problem }
end

-- Raises for a call with arguments of the wrong form, a mistake in the program.
local function refuse(verb, text, ...)
  misuse("crm." .. verb.name .. ": " .. format(text, ...))
end

-- Checks that the path values are there and that tables are given where they are expected. A wrong value inside
-- them is an err, since values are data.
local function check_arguments(verb, tables, count, ...)
  local names = verb.names
  for i = 1, #names do
    local kind = type((select(i, ...)))
    if kind == "nil" or kind == "table" or kind == "function" then
      refuse(verb, "%s expected as argument %d, got %s", names[i], i, kind)
    end
  end
  for i = #names + 1, count do
    local value = select(i, ...)
    if value ~= nil and i > #names + tables then
      refuse(verb, "too many arguments: put all fields into one table")
    end
    if value ~= nil and type(value) ~= "table" then
      refuse(verb, "a table expected as argument %d, got %s", i, type(value))
    end
  end
end

-- Checks one value of a path: the value to put into it, or nil and what is wrong. A dry run accepts `placeholder`,
-- which replaces an unknown id.
local function path_value(spec, value, lax, placeholder)
  if placeholder and value == placeholder then return value end
  local item, problem
  if value == null then
    problem = "is null"
  elseif spec.type == "string" then
    item, problem = scalars.string(spec, value)
  else
    item, problem = integers.check(spec, value)
  end
  if not problem then return item end
  if lax and value ~= null then return value end
  return nil, problem
end

-- The call for `client:send`, made from checked arguments; nil, err when a value is wrong.
local function prepare(client, verb, tables, count, ...)
  local op, names = verb.op, verb.names
  local shape = op.body or op.query or NO_FIELDS
  check_arguments(verb, tables, count, ...)
  local lax, placeholder = client.validate == false, rawget(client, "placeholder") or nil
  local params
  for i = 1, #names do
    local value, problem = path_value(op.params[names[i]], (select(i, ...)), lax, placeholder)
    if problem then return nil, invalid(verb, format("%s: %s", names[i], problem)) end
    params = params or {}
    params[names[i]] = value
  end
  local call = {
    operation = verb.name, method = op.method, path = op.path, params = params, class = op.class, unwrap = op.unwrap,
    accept = op.accept, find = op.find,
  }
  local given = select(#names + 1, ...)
  if given == nil and op.body and not op.page then
    refuse(verb, "a table of fields expected as argument %d, got nil", #names + 1)
  end
  given = given or NOTHING
  if op.wait and given.wait ~= nil then
    if type(given.wait) ~= "number" or given.wait ~= given.wait then
      refuse(verb, "wait must be a number of seconds")
    end
    local rest = {}
    for name, value in pairs(given) do rest[name] = value end
    rest.wait = nil
    call.wait, given = given.wait, rest
  end
  if given == NOTHING and not (op.body or shape.required or shape.one_of or shape.when) then return call end
  local fields, problem = check.fields(shape, given, op.body and "field" or "parameter", params, lax, placeholder)
  if problem then return nil, invalid(verb, problem) end
  if op.body then call.body = fields elseif next(fields) ~= nil then call.query = fields end
  for i = 1, op.reaches and #op.reaches or 0 do
    -- With validate = false it may be any value that the server takes for true.
    local value = fields[op.reaches[i]]
    if value ~= nil and value ~= false and value ~= null then call.class = "notify" end
  end
  return call
end

-- Sends a get with `wait`: a record that was just created may be reported as 404 for a while. Returns within `wait`
-- seconds and the time of one call.
local function retry_until_found(client, call)
  local runtime = client.settings.runtime
  local deadline, pause = runtime:monotonic() + call.wait, FIRST_PAUSE
  call.deadline = client.walk_deadline and client:walk_deadline()
  if call.deadline and call.deadline < deadline then deadline = call.deadline end
  while true do
    local value, response = client:send(call)
    if value ~= nil or response.kind ~= "not_found" then return value, response end
    local left = deadline - runtime:monotonic()
    if left <= 0 then return nil, response end
    runtime:sleep(pause < left and pause or left)
    pause = pause * 2 < LONGEST_PAUSE and pause * 2 or LONGEST_PAUSE
  end
end

local function check_self(self, owner, other, verb)
  if self ~= owner and (other == nil or self ~= other) then refuse(verb, "call it with a colon") end
end

-- The function that `crm.resource:verb(...)` calls.
local function caller(client, resource, verb)
  return function(self, ...)
    check_self(self, resource, nil, verb)
    local call, err = prepare(client, verb, 1, select("#", ...), ...)
    if not call then return nil, err end
    local send = call.wait and retry_until_found or client.send
    local value, response = send(client, call)
    return value, response
  end
end

-- A walker over the pages; takes the arguments of one call and then the options.
local function walk(client, verb, ...)
  local op = verb.op
  local opt = select(#verb.names + 2, ...)
  if opt ~= nil and type(opt) == "table" then
    check_options("crm." .. verb.name, opt, op.page.keys and KEY_OPTIONS or LIST_OPTIONS)
    if opt.resume ~= nil and type(opt.resume) ~= "string" then
      refuse(verb, "resume must be a cursor, a string, got %s", type(opt.resume))
    end
    if opt.strict ~= nil and type(opt.strict) ~= "boolean" then
      refuse(verb, "strict must be a boolean, got %s", type(opt.strict))
    end
    if opt.list ~= nil and not op.page.keys[opt.list] then
      refuse(verb, "there is no list %q", tostring(opt.list))
    end
  end
  local call, err = prepare(client, verb, 2, select("#", ...), ...)
  if not call then return nil, err end
  local walker, problem = pages.walk(client, op, call, opt or NOTHING)
  return walker, problem
end

-- Adds each, pages and all to a list and, for a resource's own `list`, to the resource.
local function add_walks(target, client, resource, list, verb)
  function target.each(self, ...)
    check_self(self, list, resource, verb)
    local walker, err = walk(client, verb, ...)
    if not walker then error(err, 0) end
    return (pages.each(walker))
  end
  function target.pages(self, ...)
    check_self(self, list, resource, verb)
    local walker, err = walk(client, verb, ...)
    if not walker then error(err, 0) end
    return (pages.pages(walker))
  end
  function target.all(self, ...)
    check_self(self, list, resource, verb)
    local walker, err = walk(client, verb, ...)
    if not walker then return nil, err end
    local items, problem = pages.all(walker)
    return items, problem
  end
end

local function make_list(client, resource, verb)
  local call = caller(client, resource, verb)
  local list = setmetatable({}, {
    __name = "lofty.list",
    __call = function(_, ...)
      local value, response = call(...)
      return value, response
    end,
    __tostring = function() return "lofty.list: crm." .. verb.name end,
  })
  add_walks(list, client, resource, list, verb)
  return list
end

local function no_such(where, name, names)
  local _, hint = require "lofty.internal.suggest"(name, names)
  misuse(format("%s has no %q%s", where, name, hint))
end

-- A resource; each verb is made when it is first used.
local function make_resource(client, name, operations)
  local resource = {}
  local list = operations.list
  setmetatable(resource, {
    __name = "lofty.resource",
    __index = function(self, key)
      local op = operations[key]
      if not op then
        if type(key) ~= "string" then return nil end
        no_such("crm." .. name, key, operations)
      end
      local verb = { name = name .. "." .. key, op = op, names = names_of(op.path) }
      local value = op.page and make_list(client, self, verb) or caller(client, self, verb)
      rawset(self, key, value)
      return value
    end,
    __tostring = function() return "lofty.resource: crm." .. name end,
  })
  if list and list.page then
    local walks = resource.list
    resource.each, resource.pages, resource.all = walks.each, walks.pages, walks.all
  end
  if name == "webhooks" then
    function resource.ensure(self, wanted)
      check_self(self, resource, nil, { name = "webhooks.ensure" })
      local subscriptions, changes = require("lofty.api.subscriptions").ensure(self, wanted)
      return subscriptions, changes
    end
  end
  if name == "leads" then
    function resource.compare(self, state, filter)
      check_self(self, resource, nil, { name = "leads.compare" })
      return (require("lofty.api.compare").walk(self, state, filter))
    end
    function resource.upsert(self, fields)
      check_self(self, resource, nil, { name = "leads.upsert" })
      local lead, how = require("lofty.api.upsert").run(client, fields)
      return lead, how
    end
  end
  return resource
end

-- `crm.v1`: a group of resources.
local function make_group(client, group)
  local members = {}
  for name in pairs(index.names) do
    if sub(name, 1, #group + 1) == group .. "." then members[sub(name, #group + 2)] = name end
  end
  return setmetatable({}, {
    __name = "lofty.resource",
    __index = function(self, key)
      local full = members[key]
      if not full then
        if type(key) ~= "string" then return nil end
        no_such("crm." .. group, key, members)
      end
      local resource = make_resource(client, full, index.verbs(full))
      rawset(self, key, resource)
      return resource
    end,
    __tostring = function() return "lofty.resource: crm." .. group end,
  })
end

--- Makes a resource of a client; its operations are loaded by the first call. Raises for a name that is
-- nearly a resource's (`crm.lead`), and suggests the resource.
-- @tparam table client anything with `send`, `validate`, and `settings.runtime` for a get that waits
-- @tparam string name "leads", "notes", ..., "v1"
-- @treturn ?table nil when no resource has this or a similar name
function resources.bind(client, name)
  if name == "v1" then return (make_group(client, name)) end
  local operations = not find(name, ".", 1, true) and index.verbs(name)
  if operations then return (make_resource(client, name, operations)) end
  if require "lofty.internal.suggest"(name, index.names) then no_such("the client", name, index.names) end
  return nil
end

return resources
