-- SPDX-License-Identifier: MIT

--- Describes the operations of the API, from `lofty.api.operations`.
-- @module lofty.cli.operation_catalog

local lofty = require "lofty"
local operations = require "lofty.api.operations"
local path_names = require("lofty.cli.operations").path_names

local catalog = {}

--- Finds an operation.
-- @tparam string name such as "leads.list" or "v1.tasks.list"
-- @treturn[1] table the operation
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the name
function catalog.find(name)
  local resource, verb = name:match "^(.+)%.([%w_]+)$"
  local verbs = resource and operations[resource]
  local op = verbs and verbs[verb]
  if op then return op end
  local names = {}
  for each, its_verbs in pairs(operations) do
    for its_verb in pairs(its_verbs) do names[each .. "." .. its_verb] = true end
  end
  local meant = require "lofty.internal.suggest"(name, names)
  return nil, ("there is no operation %s%s"):format(require "lofty.internal.sanitize"(name, 100),
    meant and ", did you mean " .. meant .. "?" or "")
end

--- The JSON schema of a shape. Integers of 64 bits are decimal strings, or numbers where they are exact.
-- @tparam table shape
-- @treturn table
function catalog.schema(shape)
  if shape.fields then
    local properties = {}
    for name, field in pairs(shape.fields) do
      if not field.readonly then properties[name] = catalog.schema(field) end
    end
    return {
      type = "object", properties = properties, required = shape.required and lofty.array(shape.required) or nil,
    }
  elseif shape.open then
    return { type = "object" }
  end
  local schema = { type = shape.type, description = shape.hint }
  if shape.type == "integer" and shape.format == "int64" then
    schema.type = lofty.array { "string", "integer" }
  else
    schema.minimum, schema.maximum = shape.min, shape.max
  end
  if shape.enum then schema.enum = lofty.array(shape.enum) end
  if shape.known then schema.description = "usual values: " .. table.concat(shape.known, ", ") end
  if shape.max_length then schema.maxLength = shape.max_length end
  if shape.format == "date-time" then schema.format = "date-time" end
  if shape.type == "array" then schema.items, schema.maxItems = catalog.schema(shape.items or {}), shape.max_items end
  return schema
end

--- What one operation does and takes.
-- @tparam string name
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the name
function catalog.describe(name)
  local op, problem = catalog.find(name)
  if not op then return nil, problem end
  local shape = op.query or op.body
  return {
    operation = name, about = op.about, method = op.method, path_template = op.path, class = op.class,
    deletes = op.method == "DELETE" or nil, sends_when_set = op.reaches and lofty.array(op.reaches) or nil,
    path = lofty.array(path_names(op)), fields = shape and catalog.schema(shape) or nil,
    is_list = op.page and true or nil, deprecated = op.deprecated and true or nil,
    check_after_failure = type(op.find) == "string" and op.find or nil,
  }
end

--- All operations: name -> what it does, with "(writes)", "(sends)" or "(deletes)".
-- @treturn table
function catalog.all()
  local all = {}
  for resource, verbs in pairs(operations) do
    for verb, op in pairs(verbs) do
      local note = op.class == "notify" and " (sends)" or op.method == "DELETE" and " (deletes)"
        or op.class ~= "read" and " (writes)" or ""
      all[resource .. "." .. verb] = op.about .. note
    end
  end
  return all
end

return catalog
