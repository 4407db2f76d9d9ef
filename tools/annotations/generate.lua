-- SPDX-License-Identifier: MIT

--- Makes types/lofty/library/lofty.lua, the annotations that let an editor complete `crm.leads:create{ fir|`, of
-- lua/lofty/api/operations, of responses.lua and descriptions.lua in this folder, and of the two pieces written by
-- hand there: public.in (before) and face.in (after).
--
--     lua tools/annotations/generate.lua > types/lofty/library/lofty.lua
--
-- As a module it returns the text: `dofile("tools/annotations/generate.lua")(root)`.

local concat, sort = table.concat, table.sort

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  sort(names)
  return names
end

-- "sales_agents" -> "SalesAgents", "v1.tasks" -> "V1Tasks"
local function camel(name)
  return (("_" .. name):gsub("[_.](%w)", string.upper))
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list or {}) do set[name] = true end
  return set
end

local SCALARS = { id = "lofty.id", string = "string", integer = "integer", number = "number", boolean = "boolean" }

-- The annotation of a response's type.
local function response_type(name)
  local inner = name:match("^(.*)%[%]$")
  if inner then return response_type(inner) .. "[]" end
  if name == "table" then return "table" end
  return SCALARS[name] or "lofty." .. name
end

local function literals(values, is_text)
  local words = {}
  for i, value in ipairs(values) do words[i] = is_text and ("%q"):format(value) or tostring(value) end
  return concat(words, "|")
end

-- The range or length that a shape allows, in words; "" when there is none that says something.
local function bounds(shape)
  if shape.max_length then return "at most " .. shape.max_length .. " characters" end
  if shape.max_items then return "at most " .. shape.max_items end
  if shape.min and shape.max then return shape.min .. " to " .. shape.max end
  if shape.max then return "at most " .. shape.max end
  local each = shape.items and not shape.many and bounds(shape.items) or ""
  return each ~= "" and "each " .. each or ""
end

local function new_writer(operations, responses, descriptions)
  local lines, names, taken = {}, {}, {}
  local function put(text) lines[#lines + 1] = text end

  local type_of

  -- The class for a shape with fields, named after the first field that has it.
  local function class_of(shape, field)
    local fields = shape.fields
    if names[fields] then return names[fields] end
    local base, number = "lofty.input." .. camel(field), 1
    while taken[number == 1 and base or base .. number] do number = number + 1 end
    local name = number == 1 and base or base .. number
    taken[name], names[fields] = true, name
    return name, true
  end

  local pending = {}
  function type_of(shape, field)
    local found
    if shape.fields then
      local is_new
      found, is_new = class_of(shape, field)
      if is_new then pending[#pending + 1] = { name = found, shape = shape } end
    elseif shape.open then
      found = "table<string, any>"
    elseif shape.type == "array" then
      found = type_of(shape.items, (field:gsub("List$", ""):gsub("ies$", "y"):gsub("([^s])s$", "%1")))
      if found:find("|", 1, true) then found = "(" .. found .. ")" end
      return found .. "[]"
    elseif shape.as == "time" then
      found = "lofty.moment"
    elseif shape.as then
      found = shape.as .. "|string"
    elseif shape.enum then
      found = literals(shape.enum, shape.type == "string")
    elseif shape.known then
      found = literals(shape.known, true) .. "|string"
    elseif shape.format == "int64" then
      found = "lofty.id"
    else
      found = shape.type
    end
    if shape.many then
      found = found .. "|" .. (found:find("|", 1, true) and "(" .. found .. ")" or found) .. "[]"
    end
    return found
  end

  -- What follows a field's type: its description and what it may hold.
  local function description(class, field, shape)
    local own = descriptions.arguments[class:gsub("^lofty%.", "") .. "." .. field]
    if own == nil then own = descriptions.arguments[field] end
    local range = bounds(shape)
    local text = (own or "") .. (own and range ~= "" and "; " or "") .. range
    return text ~= "" and " " .. text or ""
  end

  local function put_class(name, shape, about)
    put("")
    if about then put("---" .. about) end
    put("---@class " .. name)
    local required = set_of(shape.required)
    for _, field in ipairs(sorted(shape.fields)) do
      local inner = shape.fields[field]
      if not inner.readonly then
        put(("---@field %s%s %s%s"):format(field, required[field] and "" or "?", type_of(inner, field),
          description(name, field, inner)))
      end
    end
  end

  local function put_pending()
    while #pending > 0 do
      local one = table.remove(pending, 1)
      put_class(one.name, one.shape)
    end
  end

  -- The parameters of a verb: the path's values, then the table of fields or the filter.
  local function parameters(op, input)
    local list = {}
    for name in op.path:gmatch("{(%w+)}") do
      list[#list + 1] = { name = name, type = type_of(op.params[name], name) }
    end
    if input then
      local shape = op.body or op.query
      local optional = not op.body and not shape.required and not shape.one_of or op.body and op.page
      list[#list + 1] = { name = op.body and "fields" or "filter", type = input, optional = optional }
    end
    return list
  end

  local function item_of(op)
    local found = op.returns
    for name in (op.page.items or ""):gmatch("[^.]+") do
      found = responses[found] and responses[found][name] or "table"
    end
    return response_type(found:gsub("%[%]$", "") .. "")
  end

  local function signature(list)
    local words = {}
    for i, one in ipairs(list) do words[i] = one.name .. (one.optional and "?" or "") .. ": " .. one.type end
    return #words > 0 and ", " .. concat(words, ", ") or ""
  end

  local function put_walks(op, list)
    local with_opt = {}
    for i, one in ipairs(list) do with_opt[i] = one end
    if not op.body and not op.query then
      with_opt[#with_opt + 1] = { name = "filter", type = "nil", optional = true }
    end
    with_opt[#with_opt + 1] = {
      name = "opt", type = op.page.keys and "lofty.ListingOptions" or "lofty.ListOptions", optional = true,
    }
    local given, item, page = signature(with_opt), item_of(op), response_type(op.returns)
    local walk = "---@field %s fun(self: any%s): fun(): %s?, string? %s and its cursor; raises"
    put(walk:format("each", given, item, "an item"))
    put(walk:format("pages", given, page, "a page"))
    put(("---@field all fun(self: any%s): %s[]?, lofty.Error? every item"):format(given, item))
  end

  local function put_resource(resource)
    local verbs, class = operations[resource], "lofty." .. camel(resource)
    local inputs = {}
    for _, verb in ipairs(sorted(verbs)) do
      local op = verbs[verb]
      local shape = op.body or op.query
      if shape and shape.fields then
        local name = ("lofty.%s.%s"):format(resource, verb)
        if op.wait then
          local fields = { wait = { type = "number" } }
          for field, inner in pairs(shape.fields) do fields[field] = inner end
          shape = { fields = fields, required = shape.required }
        end
        put_class(name, shape)
        inputs[verb] = name
      elseif shape then
        inputs[verb] = type_of(shape, verb)
      elseif op.wait then
        local name = ("lofty.%s.%s"):format(resource, verb)
        put_class(name, { fields = { wait = { type = "number" } } })
        inputs[verb] = name
      end
      put_pending()
    end
    local function list_of(verb)
      local op = verbs[verb]
      if not op.body and not op.query then
        local list = parameters(op, nil)
        if op.wait then list[#list + 1] = { name = "opt", type = inputs[verb], optional = true } end
        return list
      end
      return parameters(op, inputs[verb])
    end
    for _, verb in ipairs(sorted(verbs)) do
      local op = verbs[verb]
      if op.page then
        put("")
        put("---" .. op.about)
        put(("---@class %s.%s.list"):format(class, verb))
        put(("---@overload fun(self: any%s): %s?, lofty.Response|lofty.Error"):format(signature(list_of(verb)),
          response_type(op.returns)))
        put_walks(op, list_of(verb))
      end
    end
    put("")
    put("---@class " .. class)
    for _, verb in ipairs(sorted(verbs)) do
      if verbs[verb].page then put(("---@field %s %s.%s.list %s"):format(verb, class, verb, verbs[verb].about)) end
    end
    if verbs.list and verbs.list.page then put_walks(verbs.list, list_of("list")) end
    local object = camel(resource)
    put("local " .. object .. " = {}")
    for _, verb in ipairs(sorted(verbs)) do
      local op = verbs[verb]
      if not op.page then
        put("")
        put("---" .. op.about)
        if op.class == "notify" then put("---It reaches a person, and is never sent twice by itself.") end
        local words = {}
        for i, one in ipairs(list_of(verb)) do
          put(("---@param %s%s %s"):format(one.name, one.optional and "?" or "", one.type))
          words[i] = one.name
        end
        put(("---@return %s? value"):format(op.returns and response_type(op.returns) or "true"))
        put("---@return lofty.Response|lofty.Error")
        if op.deprecated then put("---@deprecated") end
        put(("function %s:%s(%s) end"):format(object, verb, concat(words, ", ")))
      end
    end
  end

  local function put_responses()
    for _, name in ipairs(sorted(responses)) do
      put("")
      put("---@class lofty." .. name)
      for _, field in ipairs(sorted(responses[name])) do
        local about = descriptions.responses[name .. "." .. field] or descriptions.responses[field]
        put(("---@field %s? %s%s"):format(field, response_type(responses[name][field]), about and " " .. about or ""))
      end
    end
  end

  local function put_client()
    put("")
    put("---@class lofty.V1")
    for _, resource in ipairs(sorted(operations)) do
      local below = resource:match("^v1%.(.*)$")
      if below then put(("---@field %s lofty.%s"):format(below, camel(resource))) end
    end
    put("")
    put("---@class lofty.Client")
    for _, resource in ipairs(sorted(operations)) do
      if not resource:find(".", 1, true) then put(("---@field %s lofty.%s"):format(resource, camel(resource))) end
    end
    put("---@field v1 lofty.V1 what newer operations do better")
    put("local Client = {}")
  end

  return function()
    put_responses()
    for _, resource in ipairs(sorted(operations)) do put_resource(resource) end
    put_client()
    return concat(lines, "\n") .. "\n"
  end
end

local function generate(root)
  local here, read = root .. "/tools/annotations/", dofile(root .. "/tools/shell.lua").read
  local write = new_writer(require "lofty.api.operations", dofile(here .. "responses.lua"),
    dofile(here .. "descriptions.lua"))
  return read(here .. "public.in") .. write() .. "\n" .. read(here .. "face.in")
end

-- Run by itself it writes; `...` is then what stood on the command line.
if arg and arg[0] and arg[0]:find("generate%.lua$") then
  local root = arg[0]:match("^(.*)/tools/annotations/") or "."
  package.path = root .. "/lua/?.lua;" .. package.path
  io.write((generate(root)))
end

return generate
