-- SPDX-License-Identifier: MIT

--- Compares lua/lofty/api/operations with the vendor's OpenAPI document and lists the differences.
--
--     make check-api DOC=openapi.json
--
-- Each line begins with "+" (the document has it, the table does not), "-" (the table has it, the document does not) or
-- "~" (they differ). Exits with 1 when there is any line. As a module, `dofile "tools/check_api.lua"` returns
-- `compare(document, operations)`, which returns the lines.

local concat, sort = table.concat, table.sort

-- Fields that the schema of an operation requires although its description does not; quotes are from the document.
local OPTIONAL = {
  ["PUT /v1.0/tasks/{taskId}"] = { "content", "leadId", "deadline", "type", "assignedRole" }, -- "Partially updates"
  ["PUT /v1.0/leads/{leadId}/transaction/{transactionId}"] = { "transactionName" }, -- "Only supplied fields"
  ["PUT /v1.0/leads/{leadId}"] = { "leadTransaction.transactionName" }, -- "Required on create"
  ["PUT /v1.0/notes/{noteId}"] = { "leadId", "isPin" }, -- "If leadId is supplied"; isPin has a default
  ["POST /v1.0/notes"] = { "isPin" }, -- it has a default, and callers leave it out
  ["POST /v1.0/teamFeatures/custom-field"] = { "value" }, -- "unnecessary when adding a new custom field"
  ["POST /v2.0/calendar"] = { "timeZoneCode" }, -- "type, leadId, content, startAt and endAt are required"
  ["POST /v1.0/agent/communication"] = { "startTime", "endTime" }, -- "optional time range"
}

local METHODS = { get = true, post = true, put = true, delete = true, patch = true }

local function set_of(list)
  local set = {}
  for _, value in ipairs(list or {}) do set[tostring(value)] = true end
  return set
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = tostring(name) end
  sort(names)
  return names
end

-- The document's operations by "METHOD /path".
local function operations_of(document)
  local all = {}
  for path, methods in pairs(document.paths) do
    for method, operation in pairs(methods) do
      if METHODS[method] then all[method:upper() .. " " .. path] = operation end
    end
  end
  return all
end

local function new_comparison(document)
  local lines, optional = {}, {}

  local function resolve(schema)
    while schema["$ref"] do schema = document.components.schemas[schema["$ref"]:match("[^/]+$")] end
    return schema
  end

  local function tell(sign, where, text, ...)
    lines[#lines + 1] = sign .. " " .. where .. ": " .. text:format(...)
  end

  local compare

  local function compare_fields(shape, schema, where, path)
    local required, wanted = set_of(shape.required), set_of(schema.required)
    for _, name in ipairs(sorted(schema.properties)) do
      local inner = resolve(schema.properties[name])
      if not shape.fields[name] then
        tell("+", where .. "." .. name, "%s", inner.format or inner.type or "of no type")
      else
        if wanted[name] and not required[name] and not optional[path .. name] then
          tell("~", where .. "." .. name, "is required in the document")
        end
        compare(shape.fields[name], inner, where .. "." .. name, path .. name .. ".")
      end
    end
    for _, name in ipairs(sorted(shape.fields)) do
      if not schema.properties[name] then tell("-", where .. "." .. name, "is not in the document") end
    end
  end

  function compare(shape, schema, where, path)
    schema = resolve(schema)
    if schema.type == "array" then
      if shape.type ~= "array" then return tell("~", where, "is an array in the document") end
      return compare(shape.items, schema.items, where .. "[]", path)
    end
    if schema.type == "object" then
      if not schema.properties then
        if not shape.open then tell("~", where, "is an object of any fields in the document") end
      elseif not shape.fields then
        tell("~", where, "is an object in the document")
      else
        compare_fields(shape, schema, where, path)
      end
      return
    end
    if shape.type ~= schema.type then
      return tell("~", where, "is %s, in the document %s", tostring(shape.type or "an object"), tostring(schema.type))
    end
    -- Doubles and floats are one type in Lua; an id that is encoded as text is still an id.
    if schema.type ~= "number" and schema.format ~= shape.format and not shape.as then
      tell("~", where, "has the format %s, in the document %s", tostring(shape.format), tostring(schema.format))
    end
    local ours, theirs = concat(sorted(set_of(shape.enum)), ", "), concat(sorted(set_of(schema.enum)), ", ")
    if ours ~= theirs then tell("~", where, "is one of [%s], in the document of [%s]", ours, theirs) end
    for name, keyword in pairs { min = "minimum", max = "maximum", max_length = "maxLength" } do
      if schema[keyword] and schema[keyword] ~= shape[name] then
        tell("~", where, "has %s = %s, in the document %s", name, tostring(shape[name]), tostring(schema[keyword]))
      end
    end
    if (schema.readOnly or false) ~= (shape.readonly or false) then
      tell("~", where, "is %sread-only in the document", schema.readOnly and "" or "not ")
    end
  end

  local function compare_operation(name, op, raw)
    optional = set_of(OPTIONAL[op.method .. " " .. op.path])
    if (raw.deprecated or false) ~= (op.deprecated or false) then
      tell("~", name, "is %sdeprecated in the document", raw.deprecated and "" or "not ")
    end
    local query, required, params = {}, {}, {}
    for _, parameter in ipairs(raw.parameters or {}) do
      parameter = resolve(parameter)
      if parameter["in"] == "path" then
        params[parameter.name] = true
        local shape = op.params and op.params[parameter.name]
        if shape then
          compare(shape, parameter.schema, name .. " path." .. parameter.name, "")
        else
          tell("+", name .. " path." .. parameter.name, "a value of the path")
        end
      elseif parameter["in"] == "query" then
        query[parameter.name] = parameter.schema
        if parameter.required then required[#required + 1] = parameter.name end
      end
    end
    for _, param in ipairs(sorted(op.params or {})) do
      if not params[param] then tell("-", name .. " path." .. param, "is not in the document") end
    end
    if next(query) or op.query then
      local schema = { type = "object", properties = query, required = required }
      compare(op.query or { fields = {} }, schema, name .. " query", "")
    end
    local content = raw.requestBody and raw.requestBody.content["application/json"]
    if content and op.body then
      compare(op.body, content.schema, name .. " body", "")
    elseif content then
      tell("+", name .. " body", "a body")
    elseif op.body then
      tell("-", name .. " body", "is not in the document")
    end
  end

  return lines, tell, compare_operation
end

--- Compares the table of operations with a document.
-- @tparam table document decoded from the vendor's JSON
-- @tparam table operations of lofty.api.operations
-- @treturn table lines, sorted by operation
local function compare(document, operations)
  local lines, tell, compare_operation = new_comparison(document)
  local theirs, ours = operations_of(document), {}
  for _, resource in ipairs(sorted(operations)) do
    for _, verb in ipairs(sorted(operations[resource])) do
      local op = operations[resource][verb]
      local call, name = op.method .. " " .. op.path, resource .. "." .. verb
      ours[call] = true
      if theirs[call] then
        compare_operation(name, op, theirs[call])
      else
        tell("-", name, "%s is not in the document", call)
      end
    end
  end
  for _, call in ipairs(sorted(theirs)) do
    local raw = theirs[call]
    if not ours[call] then tell("+", call, "%s", raw.summary or raw.operationId or "a new operation") end
  end
  return lines
end

if not (arg and arg[0] and arg[0]:find("check_api%.lua$")) then return compare end

local path = arg[1]
if not path then
  io.stderr:write("usage: lua tools/check_api.lua FILE (make check-api DOC=FILE)\n")
  os.exit(2)
end
local file, why = io.open(path, "rb")
if not file then
  io.stderr:write("check-api: ", why, "\n")
  os.exit(2)
end
local document, problem = require("lofty.json").decode(file:read("*a"))
file:close()
if type(document) ~= "table" or type(document.paths) ~= "table" then
  io.stderr:write("check-api: ", path, " is not an OpenAPI document", problem and ": " .. tostring(problem) or "", "\n")
  os.exit(2)
end
local lines = compare(document, require "lofty.api.operations")
for _, line in ipairs(lines) do print(line) end
if #lines > 0 then os.exit(1) end
print("lua/lofty/api/operations agrees with " .. path)
