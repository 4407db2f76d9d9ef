-- SPDX-License-Identifier: MIT

--- Names calls of the API by method and path, and finds them in a sandbox's journal.
-- @module lofty.sandbox.calls

local contract = require "lofty.sandbox.server.contract"
local faults = require "lofty.sandbox.server.faults"
local json = require "lofty.json"
local misuse = require "lofty.internal.misuse"
local suggest = require "lofty.internal.suggest"

local format = string.format

local calls = {}

-- Requests other than operations of the API, which may be named, too.
local PLACES = {
  ["POST /oauth/token"] = true, ["POST /api/user-web/oauth/token"] = true, ["GET /page/vendor-auth.html"] = true,
  ["POST /page/vendor-auth.html"] = true,
}

local function segments(path)
  local list = {}
  for part in path:gmatch "/([^/]*)" do list[#list + 1] = part end
  return list
end

-- True when a path that the caller wrote can be one of an operation's: {name} stands for any segment, * at the end for
-- anything.
local function can_be(path, operation)
  local written, known = segments(path), segments(operation)
  local is_prefix = path:sub(-1) == "*"
  if #written > #known or #written < #known and not is_prefix then return false end
  for i, part in ipairs(written) do
    local is_parameter = known[i]:find "^{" ~= nil
    if i == #written and is_prefix then
      return is_parameter or known[i]:sub(1, #part - 1) == part:sub(1, -2)
    end
    if not is_parameter and part ~= known[i] then return false end
  end
  return true
end

-- The operations that a method and a path can be; raises when there is none.
local function operations_of(where, method, path)
  local found, names = {}, {}
  for _, operation in ipairs(contract.operations) do
    names[operation.name] = true
    if operation.method == method and can_be(path, operation.path) then found[#found + 1] = operation end
  end
  local name = method .. " " .. path
  if #found == 0 and not PLACES[name] then
    local meant = suggest(name, names)
    misuse(format("%s: the API has no call %s%s", where, name, meant and ", did you mean " .. meant .. "?" or ""))
  end
  return found
end

--- Splits "POST /v1.0/notes"; raises when the API has no such call.
-- @tparam string where the function that was called, for messages
-- @tparam string call the path may have {name} for any segment, and * at its end for anything
-- @treturn string the method
-- @treturn string the path
-- @treturn table the operations that the call can be
function calls.split(where, call)
  local method, path = nil, nil
  if type(call) == "string" then method, path = call:match "^(%u+) (/%S*)$" end
  if not method then
    misuse(format('%s: a call such as "POST /v1.0/notes" expected, got %s', where,
      type(call) == "string" and format("%q", call) or type(call)))
  end
  return method, path, operations_of(where, method, path)
end

-- Raises for a field that none of the operations has: a search for it could find nothing.
local function check_fields(where, operations, fields)
  local known = {}
  for _, operation in ipairs(operations) do
    local body = operation.body
    if body and body.name ~= "shape" then return end
    for _, list in ipairs { operation.params, operation.query, body and contract.shapes[body.shape] or {} } do
      for _, field in ipairs(list) do known[field.name] = true end
    end
  end
  for name in pairs(#operations > 0 and fields or {}) do
    if not known[name] then
      local _, hint = suggest(name, known)
      misuse(format("%s: %s has no field %q%s", where, operations[1].name, tostring(name), hint))
    end
  end
end

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function query_of(text)
  local query = {}
  for name, value in text:gmatch "([^&=]+)=?([^&]*)" do query[unescape(name)] = unescape(value) end
  return query
end

-- The request of a journal as a call.
local function call_of(request)
  local body = request.body
  if body == "" then body = nil end
  if body then
    local value = json.decode(body)
    if value ~= nil then body = value end
  end
  return { method = request.method, path = request.path, query = query_of(request.query or ""), body = body,
           headers = request.headers }
end

-- A scalar as text: an id may be a number or its digits, and a query has texts alone.
local function text_of(value)
  if type(value) == "number" and value == math.floor(value) then return format("%.0f", value) end
  return tostring(value)
end

-- True when `value` has everything that is expected.
local function has(value, expected)
  if type(expected) ~= "table" then
    return type(value) ~= "table" and value ~= nil and text_of(value) == text_of(expected)
  end
  if type(value) ~= "table" or #value ~= #expected then return false end
  for name, one in pairs(expected) do
    if not has(value[name], one) then return false end
  end
  return true
end

local function matches(call, params, fields)
  local body = type(call.body) == "table" and call.body or {}
  if #fields > 0 then return has(body, fields) end
  for name, expected in pairs(fields) do
    local value = body[name]
    if value == nil then value = call.query[name] end
    if value == nil then value = params[name] end
    if not has(value, expected) then return false end
  end
  return true
end

--- The calls of a journal that match.
-- @tparam string where the function that was called, for messages
-- @tparam table requests of the journal
-- @tparam string method
-- @tparam string path
-- @tparam ?table fields that the body, the query or the path must have; an array: the items of the body
-- @treturn table {method, path, query, body, headers}, oldest first
function calls.find(where, requests, method, path, fields)
  local _, _, operations = calls.split(where, tostring(method) .. " " .. tostring(path))
  if fields ~= nil and type(fields) ~= "table" then
    misuse(where .. ": a table of fields expected, got " .. type(fields))
  end
  if fields and #fields == 0 then check_fields(where, operations, fields) end
  local pattern, names = faults.pattern(path)
  local found = {}
  for _, request in ipairs(requests) do
    local values = request.method == method and { request.path:match(pattern) } or {}
    if #values > 0 then
      local call, params = call_of(request), {}
      for i, name in ipairs(names) do params[name] = unescape(values[i]) end
      if matches(call, params, fields or {}) then found[#found + 1] = call end
    end
  end
  return found
end

local SHOWN, LONGEST = 20, 200 -- calls in a message, and bytes of a body

--- The calls of a journal as text, one a line.
-- @tparam table requests
-- @treturn string
function calls.list(requests)
  local lines = {}
  for i = math.max(1, #requests - SHOWN + 1), #requests do
    local request = requests[i]
    local line = "  " .. request.method .. " " .. request.path
    if not PLACES[request.method .. " " .. request.path] then -- those have secrets
      if request.query ~= "" then line = line .. "?" .. request.query end
      local body = request.body or ""
      if body ~= "" then line = line .. " " .. (#body > LONGEST and body:sub(1, LONGEST) .. "..." or body) end
    end
    lines[#lines + 1] = line
  end
  if #requests > SHOWN then table.insert(lines, 1, format("  (%d earlier calls)", #requests - SHOWN)) end
  return #lines > 0 and table.concat(lines, "\n") or "  none"
end

return calls
