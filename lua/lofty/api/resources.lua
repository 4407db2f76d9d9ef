--- Turns `lofty.api.operations` into `crm.leads:create{...}`.
--
-- `crm.<resource>:<verb>(path values..., fields)` sends one call and gives `value, response` or `nil, err`. A
-- verb that lists is also an object: `crm.communication:texts{...}` is one page, and
-- `crm.communication.texts:each(...)`, `:pages(...)` and `:all(...)` go on to the end; what a resource lists
-- by its own `list` has them on the resource, too: `crm.leads:each(...)`. They take, after the path values
-- and the filter, a table of options: `resume` (the cursor of an earlier item or err), and `list` where an
-- answer holds several lists (`crm.listings:each(filter, { list = "soldListing" })`).
-- @module lofty.api.resources

local check = require "lofty.api.validate"
local core = require "lofty.core"
local errors = require "lofty.errors"
local nearest = require "lofty.internal.suggest"
local pages = require "lofty.api.pages"

local error, next, pairs, rawset, require, select, setmetatable, tostring, type =
  error, next, pairs, rawset, require, select, setmetatable, tostring, type
local format, gmatch, sub = string.format, string.gmatch, string.sub

local null = core.null

local resources = {}

local NOTHING, NO_FIELDS = {}, { fields = {} }
local LIST_OPTIONS, KEY_OPTIONS = { resume = true }, { resume = true, list = true }

-- The names in a path, in order.
local function names_of(path)
  local names = {}
  for name in gmatch(path, "{(%w+)}") do names[#names + 1] = name end
  return names
end

local function invalid(verb, problem)
  return errors.new { kind = "invalid", operation = verb.name, sent = false, message = problem }
end

-- A call of the wrong shape is the programmer's fault. `level` as for `error`, seen from the caller of this.
local function refuse(verb, level, text, ...)
  error("crm." .. verb.name .. ": " .. format(text, ...), level + 1)
end

-- Path values must be there; what they are comes from data.
local function check_shape(verb, level, tables, count, ...)
  local names = verb.names
  for i = 1, #names do
    local kind = type((select(i, ...)))
    if kind == "nil" or kind == "table" or kind == "function" then
      refuse(verb, level + 1, "%s expected as argument %d, got %s", names[i], i, kind)
    end
  end
  for i = #names + 1, count do
    local value = select(i, ...)
    if value ~= nil and i > #names + tables then
      refuse(verb, level + 1, "too many arguments; the fields stand together in one table")
    end
    if value ~= nil and type(value) ~= "table" then
      refuse(verb, level + 1, "a table expected as argument %d, got %s", i, type(value))
    end
  end
end

-- What the caller gave, checked, as `client:send` takes it; nil, err when its values are wrong.
local function prepare(client, verb, level, options, count, ...)
  local op, names = verb.op, verb.names
  local shape = op.body or op.query or NO_FIELDS
  check_shape(verb, level + 1, options and 2 or 1, count, ...)
  local lax = client.validate == false
  local params
  for i = 1, #names do
    local value, problem = check.path_value(op.params[names[i]], (select(i, ...)), lax)
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
    refuse(verb, level + 1, "a table of fields expected as argument %d, got nil", #names + 1)
  end
  given = given or NOTHING
  if op.wait and given.wait ~= nil then
    if type(given.wait) ~= "number" or given.wait ~= given.wait then
      refuse(verb, level + 1, "wait must be a number of seconds")
    end
    local rest = {}
    for name, value in pairs(given) do rest[name] = value end
    rest.wait = nil
    call.wait, given = given.wait, rest
  end
  local fields, problem = check.fields(shape, given, op.body and "field" or "parameter", params, lax)
  if problem then return nil, invalid(verb, problem) end
  if op.body then call.body = fields elseif next(fields) ~= nil then call.query = fields end
  for i = 1, op.reaches and #op.reaches or 0 do
    -- With validate = false it may be anything that the server takes for true.
    local told = fields[op.reaches[i]]
    if told ~= nil and told ~= false and told ~= null then call.class = "notify" end
  end
  return call
end

-- A get with `wait`: what was just made may not be found yet. Never longer than it was told.
local function send_patiently(client, call)
  local runtime = client.settings.runtime
  local ends, pause = runtime:monotonic() + call.wait, 0.25
  while true do
    local value, response = client:send(call)
    if value ~= nil or response.kind ~= "not_found" then return value, response end
    local left = ends - runtime:monotonic()
    if left <= 0 then return nil, response end
    runtime:sleep(pause < left and pause or left)
    pause = pause * 2 < 4 and pause * 2 or 4
  end
end

local function check_self(self, owner, other, verb, level)
  if self ~= owner and (other == nil or self ~= other) then refuse(verb, level + 1, "call it with a colon") end
end

-- The function behind `crm.resource:verb(...)`; `level` says how far its caller is.
local function caller(client, resource, verb, level)
  return function(self, ...)
    check_self(self, resource, nil, verb, level)
    local call, err = prepare(client, verb, level, false, select("#", ...), ...)
    if not call then return nil, err end
    local send = call.wait and send_patiently or client.send
    local value, response = send(client, call)
    return value, response
  end
end

-- A walker over the pages, of the same arguments and then options.
local function walk(client, verb, level, ...)
  local op = verb.op
  local opt = select(#verb.names + 2, ...)
  if opt ~= nil and type(opt) == "table" then
    errors.options("crm." .. verb.name, opt, op.page.keys and KEY_OPTIONS or LIST_OPTIONS, level + 1)
    if opt.resume ~= nil and type(opt.resume) ~= "string" then
      refuse(verb, level + 1, "resume must be a cursor, a string, got %s", type(opt.resume))
    end
    if opt.list ~= nil and not op.page.keys[opt.list] then
      refuse(verb, level + 1, "there is no list %q", tostring(opt.list))
    end
  end
  local call, err = prepare(client, verb, level + 1, true, select("#", ...), ...)
  if not call then return nil, err end
  local walker, problem = pages.walk(client, op, call, opt or NOTHING)
  return walker, problem
end

-- each, pages and all, for the verb and, of `list`, for its resource.
local function add_walks(target, client, resource, list, verb)
  function target.each(self, ...)
    check_self(self, list, resource, verb, 2)
    local walker, err = walk(client, verb, 2, ...)
    if not walker then error(err, 0) end
    return (pages.each(walker))
  end
  function target.pages(self, ...)
    check_self(self, list, resource, verb, 2)
    local walker, err = walk(client, verb, 2, ...)
    if not walker then error(err, 0) end
    return (pages.pages(walker))
  end
  function target.all(self, ...)
    check_self(self, list, resource, verb, 2)
    local walker, err = walk(client, verb, 2, ...)
    if not walker then return nil, err end
    local items, problem = pages.all(walker)
    return items, problem
  end
end

local function make_list(client, resource, verb)
  local call = caller(client, resource, verb, 3)
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
  local near = nearest(name, names)
  return format("crm.%s has no %q%s", where, tostring(name), near and format(", did you mean %q?", near) or "")
end

-- A resource: its verbs are made at their first use.
local function make_resource(client, name, operations)
  local resource = {}
  local list = operations.list
  setmetatable(resource, {
    __name = "lofty.resource",
    __index = function(self, key)
      local op = operations[key]
      if not op then
        if type(key) ~= "string" then return nil end
        error(no_such(name, key, operations), 2)
      end
      local verb = { name = name .. "." .. key, op = op, names = names_of(op.path) }
      local value = op.page and make_list(client, self, verb) or caller(client, self, verb, 2)
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
      check_self(self, resource, nil, { name = "webhooks.ensure" }, 2)
      local subscriptions, changes = require("lofty.api.subscriptions").ensure(self, wanted, 2)
      return subscriptions, changes
    end
  end
  return resource
end

-- `crm.v1`: resources of their own below a name.
local function make_group(client, group, operations)
  local members = {}
  for name in pairs(operations) do
    if sub(name, 1, #group + 1) == group .. "." then members[sub(name, #group + 2)] = name end
  end
  return setmetatable({}, {
    __name = "lofty.resource",
    __index = function(self, key)
      local full = members[key]
      if not full then
        if type(key) ~= "string" then return nil end
        error(no_such(group, key, members), 2)
      end
      local resource = make_resource(client, full, operations[full])
      rawset(self, key, resource)
      return resource
    end,
    __tostring = function() return "lofty.resource: crm." .. group end,
  })
end

--- Makes a resource of a client; `lofty.api.operations` is loaded at the first call.
-- @tparam table client anything with `send`, `validate`, and `settings.runtime` for a get that waits
-- @tparam string name "leads", "notes", ..., "v1"
-- @treturn ?table nil when there is none of this name
function resources.bind(client, name)
  local operations = require "lofty.api.operations"
  if name == "v1" then return (make_group(client, name, operations)) end
  local found = operations[name]
  if not found or name:find(".", 1, true) then return nil end
  return (make_resource(client, name, found))
end

return resources
