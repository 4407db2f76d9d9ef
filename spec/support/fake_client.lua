-- SPDX-License-Identifier: MIT

--- A client without a network that records its calls, and sample values for the shapes of operations.
-- @module spec.support.fake_client

local resources = require "lofty.api.resources"

local fake = {}

local function copy(value)
  if type(value) ~= "table" then return value end
  local other = {}
  for name, inner in pairs(value) do other[name] = copy(inner) end
  return setmetatable(other, getmetatable(value))
end

--- Creates a client.
-- @tparam[opt] function answer `answer(call, number)` -> value, response | nil, err; by default an empty table
-- @tparam[opt] table fields of the client: `validate`, `settings`
-- @treturn table the client; `sent` has copies of its calls, and it has the resources of a real client
function fake.new(answer, fields)
  local client = { sent = {}, validate = true }
  for name, value in pairs(fields or {}) do client[name] = value end
  function client:send(call)
    self.sent[#self.sent + 1] = copy(call)
    if not answer then return {}, { status = 200 } end
    local value, response = answer(call, #self.sent)
    return value, response or { status = 200 }
  end
  return setmetatable(client, {
    __index = function(self, name)
      local resource = resources.bind(self, name)
      rawset(self, name, resource)
      return resource
    end,
  })
end

--- A valid value for a shape, with the required fields or with all.
-- @tparam table shape of `lofty.api.operations`
-- @tparam[opt] boolean all
-- @return the value
function fake.sample(shape, all)
  if shape.fields then
    local value = {}
    local function add(name) value[name] = fake.sample(shape.fields[name], all) end
    for name in pairs(all and shape.fields or {}) do add(name) end
    for _, name in ipairs(shape.required or {}) do add(name) end
    for _, set in ipairs(shape.one_of or {}) do add(set[1]) end
    for _, rule in ipairs(shape.when or {}) do add(rule[3]) end
    return value
  end
  if shape.open then return { location = { city = { "Seattle" } } } end
  if shape.enum then return shape.enum[1] end
  if shape.known then return shape.known[1] end
  if shape.type == "array" then return { fake.sample(shape.items, all) } end
  if shape.type == "boolean" or shape.as == "boolean" then return true end
  if shape.format == "int64" then return "651095960136641" end
  if shape.type == "integer" or shape.as == "integer" then return shape.min and shape.min > 1 and shape.min or 1 end
  if shape.type == "number" then return 1.5 end
  if shape.as == "time" then return "2026-01-02T03:04:05Z" end
  return "x"
end

--- Arguments for an operation: its path values, then its fields.
-- @tparam table op
-- @tparam[opt] boolean all
-- @treturn table an array
function fake.arguments(op, all)
  local list = {}
  for name in op.path:gmatch("{(%w+)}") do list[#list + 1] = fake.sample(op.params[name], all) end
  if op.body or op.query then list[#list + 1] = fake.sample(op.body or op.query, all) end
  return list
end

--- Every operation: an array of `{ name =, resource = (a function of a client), verb =, op = }`, by name.
function fake.operations()
  local all = {}
  for resource, verbs in pairs(require "lofty.api.operations") do
    for verb, op in pairs(verbs) do
      all[#all + 1] = {
        name = resource .. "." .. verb, verb = verb, op = op,
        resource = function(crm)
          local below = resource:match("^v1%.(.*)$")
          if below then return crm.v1[below] end
          return crm[resource]
        end,
      }
    end
  end
  table.sort(all, function(a, b) return a.name < b.name end)
  return all
end

return fake
