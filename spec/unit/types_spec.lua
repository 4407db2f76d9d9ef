local fake = require "spec.support.fake_client"
local json = require "lofty.json"

local generate = dofile("tools/annotations/generate.lua")
local answers = dofile("tools/annotations/answers.lua")

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

describe("the annotations", function()
  local text = assert(read("types/lofty.lua"))

  it("are up to date (make types)", function()
    assert.is_true(generate(".") == text, "types/lofty.lua is older than what it is made of")
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

  it("have every verb, and every field of every operation", function()
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

  it("have every option of an application", function()
    for name in pairs(require("lofty.app").options) do
      assert.truthy(text:find("---@field " .. name .. "? ", 1, true), name)
    end
  end)

  it("define every type that they name", function()
    local defined = {}
    for name in text:gmatch("%-%-%-@class (lofty[%w_.]*)") do defined[name] = true end
    for name in text:gmatch("%-%-%-@alias (lofty[%w_.]*)") do defined[name] = true end
    for line in text:gmatch("%-%-%-@[^\n]+") do
      local kind, rest = line:match("^%-%-%-@(%a+) (.*)$")
      if kind == "field" or kind == "param" or kind == "return" or kind == "overload" then
        for word in rest:gmatch("lofty%.[%w_.]+") do
          local name = word:gsub("%.$", "")
          assert.truthy(defined[name], name .. " in " .. line)
        end
      end
    end
  end)
end)

describe("the answers", function()
  it("have a shape for every returned type, and no unused shape", function()
    local used = {}
    local function use(name)
      name = name:gsub("[%[%]]", "")
      if used[name] or not answers[name] then return end
      used[name] = true
      for _, kind in pairs(answers[name]) do use(kind) end
    end
    for _, one in ipairs(fake.operations()) do
      local returns = one.op.returns
      if returns and returns ~= "string" then
        assert.truthy(answers[(returns:gsub("[%[%]]", ""))], one.name .. " returns " .. returns)
        use(returns)
      end
    end
    for name, fields in pairs(answers) do
      assert.truthy(used[name], name .. " is used nowhere")
      for field, kind in pairs(fields) do
        kind = kind:gsub("[%[%]]", "")
        local plain = { id = true, string = true, integer = true, number = true, boolean = true, table = true }
        assert.truthy(plain[kind] or answers[kind], name .. "." .. field .. " is of the unknown type " .. kind)
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
      local function tell(message) problems[#problems + 1] = where .. ": " .. message end
      if schema.type == "array" then
        local inner = kind:match("^(.*)%[%]$")
        if not inner then return tell("is an array in the document, here " .. kind) end
        return compare(inner, schema.items, where .. "[]")
      end
      if schema.type == "object" then
        local fields = answers[kind]
        if kind == "table" or not schema.properties then return end
        if not fields then return tell("is an object in the document, here " .. kind) end
        if seen[kind] then return end
        seen[kind] = true
        for name, property in pairs(schema.properties) do
          -- The document has the name of a Java getter; live responses have the field without `get`.
          local field = name:gsub("^get_", "_")
          if not fields[field] then
            tell("has no " .. field)
          elseif not (kind == "ListingPage" and fields[field] == "Listing[]") then
            compare(fields[field], property, where .. "." .. field)
          end
        end
        return
      end
      local wanted = schema.type == "integer" and schema.format == "int64" and "id" or schema.type
      if kind ~= wanted then tell(("is %s in the document, here %s"):format(wanted, kind)) end
    end

    for _, one in ipairs(fake.operations()) do
      local raw = document.paths[one.op.path][one.op.method:lower()]
      for status, answer in pairs(raw.responses) do
        local content = status:match("^2") and answer.content
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
