-- SPDX-License-Identifier: MIT

--- A checker for the part of JSON Schema that OpenAPI 3.0 documents use. Stricter than the standard: a field
-- that the schema does not name is an error.
-- @module spec.support.json_schema

local json = require "lofty.sandbox.server.json"

local json_schema = {}

local function kind_of(value)
  if value == json.null then return "null" end
  if json.digits(value) then return "integer" end
  if type(value) ~= "table" then return type(value) end
  return json.is_array(value) and "array" or "object"
end

local check

local function check_object(schema, value, where, found, document)
  local properties = schema.properties
  for _, name in ipairs(schema.required or {}) do
    if value[name] == nil then found[#found + 1] = { where .. "." .. name, "is missing" } end
  end
  for name, part in pairs(value) do
    local named = properties and properties[name]
    if named then
      check(named, part, where .. "." .. name, found, document)
    elseif type(schema.additionalProperties) == "table" then
      check(schema.additionalProperties, part, where .. "." .. name, found, document)
    elseif properties then
      found[#found + 1] = { where .. "." .. name, "is not in the document" }
    end
  end
end

local FORMATS = {
  int32 = function(value) return math.abs(tonumber(json.digits(value))) < 2 ^ 31 end,
  ["date-time"] = function(value) return value:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d") ~= nil end,
}

local function check_plain(schema, value, where, found)
  local function wrong(text) found[#found + 1] = { where, text } end
  if schema.enum then
    local known = false
    for _, one in ipairs(schema.enum) do known = known or tostring(one) == tostring(json.digits(value) or value) end
    if not known then wrong("is not one of the enum") end
  end
  local format = schema.format and FORMATS[schema.format]
  if format and not format(value) then wrong("is not a valid " .. schema.format) end
  if schema.maxLength and #value > schema.maxLength then wrong("is too long") end
  if schema.minimum and tonumber(json.digits(value) or value) < schema.minimum then wrong("is too small") end
  if schema.maximum and tonumber(json.digits(value) or value) > schema.maximum then wrong("is too large") end
end

function check(schema, value, where, found, document)
  if schema["$ref"] then
    local name = schema["$ref"]:match("^#/components/schemas/(.*)$")
    return check(document.components.schemas[name], value, where, found, document)
  end
  local kind, wanted = kind_of(value), schema.type
  if kind == "null" and schema.nullable then return nil end
  local fits = wanted == nil or kind == wanted or (wanted == "number" and kind == "integer")
    or (wanted == "array" and kind == "object" and next(value) == nil and json.is_array(value))
  if not fits then
    found[#found + 1] = { where, "is " .. kind .. ", the document says " .. wanted }
  elseif kind == "object" then
    check_object(schema, value, where, found, document)
  elseif kind == "array" then
    for _, item in ipairs(value) do check(schema.items or {}, item, where .. "[]", found, document) end
  else
    check_plain(schema, value, where, found)
  end
  return nil
end

--- Checks a value against a schema.
-- @tparam table schema
-- @param value as lofty.sandbox.server.json decodes it
-- @tparam table document the whole OpenAPI document, for its references
-- @treturn {{string,string},...} what is wrong: where (".leads[].leadId") and how; empty when nothing is
function json_schema.check(schema, value, document)
  local found = {}
  check(schema, value, "", found, document)
  return found
end

return json_schema
