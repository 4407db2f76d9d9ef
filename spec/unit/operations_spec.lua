-- SPDX-License-Identifier: MIT

local fake = require "spec.support.fake_client"
local json = require "lofty.json"
local operations = require "lofty.api.operations"

local check_api = dofile("tools/check_api.lua")

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

  it("has a class for each operation", function()
    local counts = { read = 0, idempotent = 0, create = 0, notify = 0 }
    for _, one in ipairs(fake.operations()) do counts[one.op.class] = counts[one.op.class] + 1 end
    assert.same({ read = 66, idempotent = 29, create = 21, notify = 7 }, counts)
  end)

  it("has a query or a body, not both", function()
    for _, one in ipairs(fake.operations()) do assert.is_false(one.op.query ~= nil and one.op.body ~= nil, one.name) end
  end)

  it("names only fields, parameters and operations that exist", function()
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

describe("the table of operations and the vendor's document", function()
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

  it("have the same operations, parameters and fields", function()
    assert.same({}, check_api(document, operations))
  end)

  local by_call = {}
  for _, one in ipairs(fake.operations()) do by_call[one.op.method .. " " .. one.op.path] = one end

  for path, methods in pairs(document.paths) do
    for method, raw in pairs(methods) do
      local call = method:upper() .. " " .. path
      it("have the list or the wrapped record in the same place: " .. call, function()
        local one = assert(by_call[call], "there is no such operation")
        local op = one.op
        -- The wrapped record, and the items of a list.
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
      end)
    end
  end

  local facts = assert(json.decode(assert(read("../shared/operations.json"))))
  it("have the classes of ../shared/operations.json", function()
    local class = { read = "read", idempotent = "idempotent", create = "create", never = "notify" }
    for _, fact in ipairs(facts) do
      local one = by_call[fact.method .. " " .. fact.path]
      assert.equal(class[fact.retry], one.op.class, one.name)
    end
  end)
end)

describe("loading", function()
  it("the client does not load the operations of a resource until it is used", function()
    local NAME = "lofty.api.operations.leads"
    local held = package.loaded[NAME]
    package.loaded[NAME] = nil
    finally(function() package.loaded[NAME] = held end)
    require "lofty"
    local crm = fake.new()
    assert.truthy(crm.notes)
    assert.is_nil(package.loaded[NAME])
    assert.truthy(crm.leads)
    assert.truthy(package.loaded[NAME])
  end)

  it("makes no global name", function()
    local before = set_of(keys(_G))
    package.loaded["lofty.api.operations"] = nil
    finally(function() package.loaded["lofty.api.operations"] = operations end)
    require "lofty.api.operations"
    for _, name in ipairs(keys(_G)) do assert.truthy(before[name], name) end
  end)
end)

describe("make check-api", function()
  local text = read("../shared/lofty-openapi.json")
  if not text then
    pending("../shared/lofty-openapi.json is not on this machine")
    return
  end

  it("lists operations and fields that were added, removed or changed", function()
    local document = assert(json.decode(text))
    local schemas = document.components.schemas
    document.paths["/v3.0/leads"] = { get = { summary = "List Leads, again" } }
    document.paths["/v1.0/vendor/list"] = nil
    schemas.LeadRequest.properties.nickName = { type = "string" }
    schemas.LeadRequest.properties.source = nil
    schemas.LeadRequest.properties.assignGroupId = { type = "string" }
    schemas.LeadRequest.required = { "firstName", "lastName" }
    schemas.WebhookRequest.properties.permissionMode.enum = { 0, 1, 2 }
    assert.same({
      "~ leads.create body.assignGroupId: is integer, in the document string",
      "~ leads.create body.lastName: is required in the document",
      "+ leads.create body.nickName: string",
      "- leads.create body.source: is not in the document",
      "- vendors.list: GET /v1.0/vendor/list is not in the document",
      "~ webhooks.create body.permissionMode: is one of [0, 1], in the document of [0, 1, 2]",
      "+ GET /v3.0/leads: List Leads, again",
    }, check_api(document, operations))
  end)
end)
