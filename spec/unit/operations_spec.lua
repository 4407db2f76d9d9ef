local fake = require "spec.support.fake_client"
local json = require "lofty.json"
local operations = require "lofty.api.operations"

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function keys(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list or {}) do set[tostring(name)] = true end
  return set
end

describe("the table of operations", function()
  it("has every operation once", function()
    local all, seen = fake.operations(), {}
    for _, one in ipairs(all) do
      local key = one.op.method .. " " .. one.op.path
      assert.is_nil(seen[key], one.name .. " and " .. tostring(seen[key]) .. " are both " .. key)
      seen[key] = one.name
    end
    assert.equal(123, #all)
  end)

  it("says how safe each is to repeat", function()
    local counts = { read = 0, idempotent = 0, create = 0, notify = 0 }
    for _, one in ipairs(fake.operations()) do counts[one.op.class] = counts[one.op.class] + 1 end
    assert.same({ read = 66, idempotent = 29, create = 21, notify = 7 }, counts)
  end)

  it("never spreads the fields of a call over query and body", function()
    for _, one in ipairs(fake.operations()) do assert.is_false(one.op.query ~= nil and one.op.body ~= nil, one.name) end
  end)

  it("names only what exists: required fields, conditions, parameters of pages, reads that tell the fate", function()
    local crm = fake.new()
    local function check_shape(shape, where, params)
      for _, name in ipairs(shape.required or {}) do assert.truthy(shape.fields[name], where .. "." .. name) end
      for _, set in ipairs(shape.one_of or {}) do
        for _, name in ipairs(set) do assert.truthy(shape.fields[name], where .. "." .. name) end
      end
      for _, rule in ipairs(shape.when or {}) do
        local in_path = rule[1]:match("^{(.*)}$")
        assert.truthy(in_path and params[in_path] or shape.fields[rule[1]], where .. "." .. rule[1])
        assert.truthy(shape.fields[rule[3]], where .. "." .. rule[3])
      end
      for name, inner in pairs(shape.fields or {}) do check_shape(inner, where .. "." .. name, {}) end
      if shape.items then check_shape(shape.items, where .. "[]", {}) end
    end
    for _, one in ipairs(fake.operations()) do
      local op, fields = one.op, {}
      local shape = op.body or op.query
      if shape then
        check_shape(shape, one.name, op.params or {})
        fields = shape.fields or {}
      end
      local page = op.page or {}
      for _, name in ipairs { page.number or false, page.count or false } do
        if name then assert.truthy(fields[name], one.name .. " has no " .. name) end
      end
      if page.size then assert.truthy(fields[page.count or "limit"], one.name) end
      local needed = { offset = "offset", scroll = "scrollId", cursor = "cursor", current = "currentId" }
      -- Members and calls take a scrollId that the document does not have.
      if needed[page.style] and not page.sends_both then assert.truthy(fields[needed[page.style]], one.name) end
      for name in op.path:gmatch("{(%w+)}") do assert.truthy(op.params[name], one.name .. " " .. name) end
      local resource, verb = (op.find or ""):match("^crm%.([%w_.]+):([%w_]+)")
      if resource then
        local found = crm
        for part in resource:gmatch("[%w_]+") do found = found[part] end
        assert.truthy(found[verb], one.name .. " looks with " .. op.find)
      end
    end
  end)
end)

describe("the table of operations, held against the vendor's document", function()
  local text = read("../shared/lofty-openapi.json")
  if not text then
    pending("../shared/lofty-openapi.json is not on this machine")
    return
  end
  local document = assert(json.decode(text))
  local schemas = document.components.schemas

  local function resolve(schema)
    while schema["$ref"] do schema = schemas[schema["$ref"]:match("[^/]+$")] end
    return schema
  end

  -- What a shape of ours leaves out of the document's, or says otherwise; ours may say more.
  local function compare(shape, schema, where, problems)
    schema = resolve(schema)
    local function tell(...) problems[#problems + 1] = where .. ": " .. string.format(...) end
    if schema.type == "array" then
      if shape.type ~= "array" then return tell("is an array in the document") end
      return compare(shape.items, schema.items, where .. "[]", problems)
    end
    if schema.type == "object" then
      if not schema.properties then
        if not shape.open then tell("is an open object in the document") end
        return
      end
      if not shape.fields then return tell("is an object in the document") end
      local required = set_of(shape.required)
      for _, name in ipairs(schema.required or {}) do
        if not required[name] then tell("%s is required in the document", name) end
      end
      for name, inner in pairs(schema.properties) do
        if not shape.fields[name] then
          tell("has no %s", name)
        else
          compare(shape.fields[name], inner, where .. "." .. name, problems)
        end
      end
      for name in pairs(shape.fields) do
        if not schema.properties[name] then tell("%s is not in the document", name) end
      end
      return
    end
    if shape.type ~= schema.type then tell("is %s, in the document %s", tostring(shape.type), schema.type) end
    -- Doubles and floats are one thing in Lua; an id that is written as text is still an id.
    if schema.type ~= "number" and schema.format ~= shape.format and not shape.as then
      tell("has the format %s, in the document %s", tostring(shape.format), tostring(schema.format))
    end
    if schema.enum then
      assert.same(keys(set_of(schema.enum)), keys(set_of(shape.enum)), where)
    elseif shape.enum then
      tell("has an enum that the document has not")
    end
    for ours, theirs in pairs { min = "minimum", max = "maximum", max_length = "maxLength" } do
      if schema[theirs] and schema[theirs] ~= shape[ours] then
        tell("has %s = %s, in the document %s", ours, tostring(shape[ours]), tostring(schema[theirs]))
      end
    end
    if (schema.readOnly or false) ~= (shape.readonly or false) then tell("readonly differs") end
  end

  -- Where an operation's own description says that a field is not needed although the schema, which is shared with other
  -- operations, requires it; and where the document's own texts limit a length that its schema does not.
  local differences = {
    ["PUT /v1.0/tasks/{taskId}"] = { "content", "leadId", "deadline", "type", "assignedRole" }, -- "Partially updates"
    ["PUT /v1.0/leads/{leadId}/transaction/{transactionId}"] = { "transactionName" }, -- "Only supplied fields are applied"
    ["PUT /v1.0/leads/{leadId}"] = { "leadTransaction.transactionName" }, -- "Required on create"
    ["PUT /v1.0/notes/{noteId}"] = { "leadId", "isPin" }, -- "If leadId is supplied"; isPin has a default
    ["POST /v1.0/notes"] = { "isPin" }, -- it has a default, and callers leave it out
    ["POST /v1.0/teamFeatures/custom-field"] = { "value" }, -- "unnecessary when adding a new custom field"
    ["POST /v2.0/calendar"] = { "timeZoneCode" }, -- "type, leadId, content, startAt and endAt are required"
    ["POST /v1.0/agent/communication"] = { "startTime", "endTime" }, -- "optional time range"
  }

  local function without_differences(call, problems)
    local expected, left = {}, {}
    for _, path in ipairs(differences[call] or {}) do
      local where, name = ("body." .. path):match("^(.*)%.([^.]+)$")
      expected[("%s: %s is required in the document"):format(where, name)] = true
    end
    for _, problem in ipairs(problems) do
      if expected[problem] then expected[problem] = nil else left[#left + 1] = problem end
    end
    assert.is_nil(next(expected), call .. " has a difference that does not exist")
    return left
  end

  local by_call = {}
  for _, one in ipairs(fake.operations()) do by_call[one.op.method .. " " .. one.op.path] = one end

  for path, methods in pairs(document.paths) do
    for method, raw in pairs(methods) do
      local call = method:upper() .. " " .. path
      it("agrees on " .. call, function()
        local one = assert(by_call[call], "there is no such operation")
        local op, problems = one.op, {}
        assert.equal(raw.deprecated or false, op.deprecated or false)
        local query, required = {}, {}
        for _, parameter in ipairs(raw.parameters or {}) do
          parameter = resolve(parameter)
          if parameter["in"] == "path" then
            compare(op.params[parameter.name], parameter.schema, parameter.name, problems)
          elseif parameter["in"] == "query" then
            query[parameter.name] = parameter.schema
            if parameter.required then required[#required + 1] = parameter.name end
          end
        end
        if next(query) then
          compare(assert(op.query), { type = "object", properties = query, required = required }, "query", problems)
        else
          assert.is_nil(op.query)
        end
        if raw.requestBody then
          compare(assert(op.body), raw.requestBody.content["application/json"].schema, "body", problems)
        else
          assert.is_nil(op.body)
        end
        -- What is wrapped, and where the items are.
        for status, answer in pairs(raw.responses) do
          local content = status:match("^2") and answer.content
          if content and op.page then
            local schema = resolve(assert(content["application/json"]).schema)
            for name in (op.page.items or ""):gmatch("[^.]+") do schema = resolve(assert(schema.properties[name], name)) end
            local untyped = op.page.loose or op.page.style == "key"
            if not untyped then assert.equal("array", schema.type) end
          elseif content and op.unwrap and op.unwrap ~= "lead" then
            assert.truthy(resolve(content["application/json"].schema).properties[op.unwrap])
          elseif content and op.accept then
            assert.truthy(content[op.accept])
          end
        end
        assert.same({}, without_differences(call, problems))
      end)
    end
  end

  local facts = assert(json.decode(assert(read("../shared/operations.json"))))
  it("repeats no more than is safe", function()
    local class = { read = "read", idempotent = "idempotent", create = "create", never = "notify" }
    for _, fact in ipairs(facts) do
      local one = by_call[fact.method .. " " .. fact.path]
      assert.equal(class[fact.retry], one.op.class, one.name)
    end
  end)
end)

describe("loading", function()
  it("leaves the table alone until a resource is used", function()
    local held = package.loaded["lofty.api.operations"]
    package.loaded["lofty.api.operations"] = nil
    finally(function() package.loaded["lofty.api.operations"] = held end)
    require "lofty"
    assert.is_nil(package.loaded["lofty.api.operations"])
    local crm = fake.new()
    assert.truthy(crm.leads)
    assert.truthy(package.loaded["lofty.api.operations"])
  end)

  it("makes no global name", function()
    local before = set_of(keys(_G))
    package.loaded["lofty.api.operations"] = nil
    finally(function() package.loaded["lofty.api.operations"] = operations end)
    require "lofty.api.operations"
    for _, name in ipairs(keys(_G)) do assert.truthy(before[name], name) end
  end)
end)
