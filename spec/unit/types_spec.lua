-- SPDX-License-Identifier: MIT

local fake = require "spec.support.fake_client"
local json = require "lofty.json"
local lofty = require "lofty"

local generate = dofile("tools/annotations/generate.lua")
local response_types = dofile("tools/annotations/responses.lua")

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

describe("the annotations", function()
  local text = assert(read("types/lofty/library/lofty.lua"))

  it("are up to date (make types)", function()
    assert.is_true(generate(".") == text, "types/lofty is older than its sources: run make types")
  end)

  it("define no class twice", function()
    local defined = {}
    for name in text:gmatch("%-%-%-@class ([%w_.]+)") do
      assert.is_nil(defined[name], name)
      defined[name] = true
    end
  end)

  it("are a valid Lua file", function()
    assert((loadstring or load)(text)) -- luacheck: ignore 113
  end)

  it("contain every verb, and every field of every operation", function()
    for _, one in ipairs(fake.operations()) do
      local class = ("_" .. one.name:match("^(.*)%.")):gsub("[_.](%w)", string.upper)
      if one.op.page then
        assert.truthy(text:find(("---@class lofty.%s.%s.list\n"):format(class, one.verb), 1, true), one.name)
      else
        assert.truthy(text:find(("function %s:%s("):format(class, one.verb), 1, true), one.name)
      end
      local shape = one.op.body or one.op.query
      if shape and shape.fields then
        local start = text:find("---@class lofty." .. one.name .. "\n", 1, true)
        assert.truthy(start, one.name)
        local body = text:sub(start, (text:find("\n\n", start, true)))
        for field, inner in pairs(shape.fields) do
          assert.equal(not inner.readonly, body:find("---@field " .. field .. "%??[ ]") ~= nil, one.name .. "." .. field)
        end
        for _, field in ipairs(shape.required or {}) do
          assert.truthy(body:find("---@field " .. field .. " ", 1, true), one.name .. "." .. field)
        end
      end
    end
  end)

  it("contain every option of an application", function()
    for name in pairs(require("lofty.client").app_options) do
      assert.truthy(text:find("---@field " .. name .. "? ", 1, true), name)
    end
  end)

  -- The fields of a class.
  local function fields_of(class)
    local start = assert(text:find("---@class lofty." .. class .. "\n", 1, true), class)
    local names = {}
    for name in text:sub(start, (text:find("\n\n", start, true))):gmatch("%-%-%-@field ([%w_]+)") do names[name] = true end
    return names
  end

  it("contain no option that the library does not know", function()
    for class, known in pairs {
      RetryPolicy = function(opt) require("lofty.pacing.retry_policy").read(opt) end,
      MapOptions = function(opt) lofty.map({}, print, opt) end,
      ViewOptions = function(opt) lofty.client({ api_key = "key" }):with(opt) end,
      HandlerOptions = function(opt) lofty.webhook.handler(opt) end,
      RedisOptions = function(opt) lofty.store.redis(opt) end,
      Loop = function(opt) lofty.runtime(opt) end,
    } do
      for name in pairs(fields_of(class)) do
        -- Only a name that is known is suggested.
        assert.error_matches(function() known { [name .. "_"] = 1 } end, ("did you mean %q?"):format(name), 1, true)
      end
    end
  end)

  it("contain every option of a retry policy", function()
    for name in pairs(require("lofty.pacing.retry_policy").defaults) do assert.truthy(fields_of("RetryPolicy")[name], name) end
  end)

  it("contain every method of a runtime and of a store", function()
    for class, contract in pairs { Runtime = "lofty.runtime.contract", Store = "lofty.store.contract" } do
      local names, methods = fields_of(class), require(contract)
      for _, list in ipairs { methods.required, methods.optional } do
        for _, name in ipairs(list) do assert.truthy(names[name], class .. "." .. name) end
      end
    end
  end)

  it("describe no field that no operation takes or returns", function()
    local used = { wait = true }
    local function use(shape, where)
      for name, inner in pairs(shape.fields or {}) do
        used[name], used[where .. "." .. name] = true, true
        use(inner, "input")
      end
      if shape.items then use(shape.items, "input") end
    end
    for _, one in ipairs(fake.operations()) do use(one.op.body or one.op.query or {}, one.name) end
    local descriptions = dofile("tools/annotations/descriptions.lua")
    for name in pairs(descriptions.arguments) do assert.truthy(used[name], name) end
    used = {}
    for kind, fields in pairs(response_types) do
      for name in pairs(fields) do used[name], used[kind .. "." .. name] = true, true end
    end
    for name in pairs(descriptions.responses) do assert.truthy(used[name], name) end
  end)

  it("are an addon of lua-language-server", function()
    local config = assert(json.decode(read("types/lofty/config.json")))
    assert.equal("lofty", config.name)
    assert.truthy(('local lofty = require "lofty"'):find(config.words[1]))
    assert.truthy(("local lofty = require('lofty')"):find(config.words[1]))
  end)

  it("define every type that they use", function()
    local defined, all = {}, text .. read("types/lofty/library/sandbox.lua")
    for name in all:gmatch("%-%-%-@class (lofty[%w_.]*)") do defined[name] = true end
    for name in all:gmatch("%-%-%-@alias (lofty[%w_.]*)") do defined[name] = true end
    for line in all:gmatch("%-%-%-@[^\n]+") do
      local kind, rest = line:match("^%-%-%-@(%a+) (.*)$")
      if kind == "field" or kind == "param" or kind == "return" or kind == "overload" then
        for reference in rest:gmatch("lofty%.[%w_.]+") do
          local name = reference:gsub("%.$", "")
          assert.truthy(defined[name], name .. " in " .. line)
        end
      end
    end
  end)
end)

describe("the response types", function()
  it("define every type that an operation returns, and no other", function()
    local used = {}
    local function use(name)
      name = name:gsub("[%[%]]", "")
      if used[name] or not response_types[name] then return end
      used[name] = true
      for _, kind in pairs(response_types[name]) do use(kind) end
    end
    for _, one in ipairs(fake.operations()) do
      local returns = one.op.returns
      if returns and returns ~= "string" then
        assert.truthy(response_types[(returns:gsub("[%[%]]", ""))], one.name .. " returns " .. returns)
        use(returns)
      end
    end
    for name, fields in pairs(response_types) do
      assert.truthy(used[name], name .. " is used nowhere")
      for field, kind in pairs(fields) do
        kind = kind:gsub("[%[%]]", "")
        local plain = { id = true, string = true, integer = true, number = true, boolean = true, table = true }
        assert.truthy(plain[kind] or response_types[kind], name .. "." .. field .. " is of the unknown type " .. kind)
      end
    end
  end)

  local text = read("../shared/lofty-openapi.json")
  if not text then
    pending("../shared/lofty-openapi.json is not on this machine")
    return
  end

  it("agree with the vendor's document", function()
    local document = assert(json.decode(text))
    local schemas, problems = document.components.schemas, {}
    local seen = {}

    local function resolve(schema)
      while schema["$ref"] do schema = schemas[schema["$ref"]:match("[^/]+$")] end
      return schema
    end

    local function compare(kind, schema, where)
      schema = resolve(schema)
      local function add(message) problems[#problems + 1] = where .. ": " .. message end
      if schema.type == "array" then
        local inner = kind:match("^(.*)%[%]$")
        if not inner then return add("is an array in the document, here " .. kind) end
        return compare(inner, schema.items, where .. "[]")
      end
      if schema.type == "object" then
        local fields = response_types[kind]
        if kind == "table" or not schema.properties then return end
        if not fields then return add("is an object in the document, here " .. kind) end
        if seen[kind] then return end
        seen[kind] = true
        for name, property in pairs(schema.properties) do
          -- The document has the name of the Java getter; real responses have the field without `get`.
          local field = name:gsub("^get_", "_")
          if not fields[field] then
            add("has no " .. field)
          elseif not (kind == "ListingPage" and fields[field] == "Listing[]") then
            compare(fields[field], property, where .. "." .. field)
          end
        end
        return
      end
      local wanted = schema.type == "integer" and schema.format == "int64" and "id" or schema.type
      if kind ~= wanted then add(("is %s in the document, here %s"):format(wanted, kind)) end
    end

    for _, one in ipairs(fake.operations()) do
      local raw = document.paths[one.op.path][one.op.method:lower()]
      for status, response in pairs(raw.responses) do
        local content = status:match("^2") and response.content
        if content and one.op.returns then
          local schema = (content["application/json"] or content[one.op.accept]).schema
          if one.op.unwrap and one.op.unwrap ~= "lead" then schema = resolve(schema).properties[one.op.unwrap] end
          compare(one.op.returns, schema, one.name)
        end
      end
    end
    assert.same({}, problems)
  end)
end)

describe("the annotations of the test kit", function()
  local text = assert(read("types/lofty/library/sandbox.lua"))
  local sandbox = require "lofty.sandbox"

  it("are a valid Lua file", function()
    assert((loadstring or load)(text)) -- luacheck: ignore 113
  end)

  it("contain every function of the module and method of a box, and no other", function()
    local known, annotated = {}, {}
    for name, value in pairs(sandbox) do
      if type(value) == "function" then known["sandbox." .. name] = true end
    end
    for name, value in pairs(getmetatable(sandbox.attach("http://127.0.0.1:9", "")).__index) do
      if type(value) == "function" then known["Box:" .. name] = true end
    end
    for name in text:gmatch("\nfunction ([%w.:_]+)%(") do annotated[name] = true end
    assert.same(known, annotated)
  end)

  it("contain every fault", function()
    local annotated = {}
    for name in text:gmatch('\n%-%-%-| "([%w-]+)"') do annotated[#annotated + 1] = name end
    assert.same(sandbox.faults, annotated)
  end)

  it("contain every resource and field of the records", function()
    local seeds = require "lofty.sandbox.seeds"
    for resource in pairs(seeds.resources) do
      local class = text:match("\n%-%-%-@field " .. resource .. "%? (lofty%.sandbox%.%a+)%[%]")
      local fields = text:match("%-%-%-@class " .. class:gsub("%.", "%%.") .. "[^\n]*\n(.-)\n\n")
      local annotated = {}
      for name in fields:gmatch("%-%-%-@field ([%w]+)") do annotated[name] = true end
      for name in pairs(seeds.fields(resource)) do
        local inherited = resource == "leads" and text:find("lofty.sandbox.Lead: lofty.leads.create", 1, true)
        assert.truthy(annotated[name] or inherited, resource .. "." .. name)
      end
    end
  end)
end)
