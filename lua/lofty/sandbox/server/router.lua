-- SPDX-License-Identifier: MIT

--- Finds the operation of a request and its handler.
-- @module lofty.sandbox.server.router

local contract = require "lofty.sandbox.server.contract"
local request = require "lofty.sandbox.server.request"

local router = {}

local handlers = {}
for _, name in ipairs { "leads", "lead_parts", "notes", "members", "tasks", "calendar", "communication", "logs",
                        "listings", "transactions", "webhooks", "team", "sales", "ai", "agents" } do
  for operation, handler in pairs(require("lofty.sandbox.server.api." .. name)) do
    assert(contract.operations[operation], operation)
    handlers[operation] = handler
  end
end

local function split(path)
  local parts = {}
  for part in (path .. "/"):sub(2):gmatch("([^/]*)/") do parts[#parts + 1] = part end
  return parts
end

-- Operations by number of path segments; those with fewer parameters are tried first.
local by_count = {}
for _, operation in ipairs(contract.operations) do
  local parts = split(operation.path)
  local route = { operation = operation, parts = parts, handler = handlers[operation.name], wild = 0 }
  for i, part in ipairs(parts) do
    local name = part:match("^{(.*)}$")
    if name then parts[i], route.wild = { name = name }, route.wild + 1 end
  end
  by_count[#parts] = by_count[#parts] or {}
  table.insert(by_count[#parts], route)
end
for _, routes in pairs(by_count) do
  table.sort(routes, function(a, b) return a.wild < b.wild end)
end

local function match(route, parts)
  local params = {}
  for i, want in ipairs(route.parts) do
    if type(want) == "table" then
      local text = request.unescape(parts[i])
      if not text or text == "" then return nil end
      params[want.name] = text
    elseif want ~= parts[i] then
      return nil
    end
  end
  return params
end

--- The route of a request.
-- @treturn[1] table {operation, handler}
-- @treturn[1] table path parameters, decoded
-- @treturn[2] nil when the path is unknown
-- @treturn[2] string|nil the methods that the path has
function router.find(method, path)
  local parts, allowed = split(path), {}
  for _, route in ipairs(by_count[#parts] or {}) do
    local params = match(route, parts)
    if params and route.operation.method == method then return route, params end
    if params then allowed[#allowed + 1] = route.operation.method end
  end
  return nil, #allowed > 0 and table.concat(allowed, ", ") or nil
end

return router
