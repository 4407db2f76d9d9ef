-- SPDX-License-Identifier: MIT

--- Parses operations.lua and shapes.lua, and checks arguments against them.
-- @module lofty.sandbox.server.contract

local json = require "lofty.sandbox.server.json"

local contract = {}

local function parse_type(text)
  local required = text:sub(-1) == "!"
  if required then text = text:sub(1, -2) end
  local list = text:match("^%[(.*)%]$")
  local words = text:match("^s<(.*)>$")
  local kind = { required = required, name = list and "array" or words and "s" or text }
  if list then kind.of = parse_type(list) end
  if words then
    kind.words = {}
    for underscored in words:gmatch("[^|]+") do
      local word = underscored:gsub("_", " ")
      kind.words[#kind.words + 1] = word
      kind.words[word] = true
    end
  end
  if text:sub(1, 1) == "@" then kind.name, kind.shape = "shape", text:sub(2) end
  return kind
end

local function parse_fields(text)
  local fields = {}
  for name, kind in text:gmatch("([^%s:]+):(%S+)") do
    fields[#fields + 1] = { name = name, kind = parse_type(kind) }
    fields[name] = fields[#fields].kind
  end
  return fields
end

local function parse_shapes(text)
  local shapes = {}
  for line in text:gsub("\n  ", " "):gmatch("[^\n]+") do
    local name, fields = line:match("^(%S+)%s*(.*)$")
    shapes[name] = parse_fields(fields)
  end
  return shapes
end

local function parse_detail(operation, word, rest)
  if word == "optional" then
    for path in rest:gmatch("%S+") do operation.optional["." .. path] = true end
  elseif word == "path" then operation.params = parse_fields(rest)
  elseif word == "query" then operation.query = parse_fields(rest)
  elseif word == "body" then operation.body = parse_type(rest)
  else operation.gives = rest ~= "nothing" and rest ~= "xml" and parse_type(rest) or rest end
end

local function parse_operations(text)
  local all = {}
  for line in text:gsub("\n    ", " "):gmatch("[^\n]+") do
    local method, path = line:match("^(%u+) (%S+)$")
    if method then
      all[#all + 1] = { method = method, path = path, name = line, params = {}, query = {}, optional = {}, gives = "nothing" }
      all[line] = all[#all]
    else
      parse_detail(all[#all], line:match("^  (%a+) (.*)$"))
    end
  end
  return all
end

--- Shapes by name: arrays of {name, kind}, with the kinds by field name too.
contract.shapes = parse_shapes(require "lofty.sandbox.server.shapes")

--- Operations in order, and by "METHOD /path".
contract.operations = parse_operations(require "lofty.sandbox.server.operations")

--- Tells whether a text of a path or a query has a type.
function contract.text_fits(kind, text)
  if kind.name == "i64" or kind.name == "i32" then return text:match("^%-?%d+$") ~= nil and #text <= 20 end
  if kind.name == "b" then return text == "true" or text == "false" end
  if kind.words then return kind.words[text] == true end
  if kind.name == "array" then
    for part in text:gmatch("[^,]+") do
      if not contract.text_fits(kind.of, part) then return false end
    end
  end
  return true
end

local fits

local function object_fits(shape, value, optional, path)
  if json.is_array(value) or json.digits(value) then return false, path end
  for _, field in ipairs(contract.shapes[shape]) do
    local part, at = value[field.name], path .. "." .. field.name
    if part == nil or part == json.null then
      if field.kind.required and not optional[at] then return false, at end
    else
      local ok, where = fits(field.kind, part, optional, at)
      if not ok then return false, where end
    end
  end
  return true
end

--- Tells whether a JSON value is of a type. Unknown fields are accepted, as Lofty accepts them.
-- @tparam table kind
-- @param value
-- @tparam[opt] table optional the paths (".leadId") of fields that this operation does not require, though the shape
--   does
-- @treturn[1] boolean true
-- @treturn[2] boolean false
-- @treturn[2] string the path of the first value that does not fit
function fits(kind, value, optional, path)
  optional, path = optional or {}, path or ""
  local name = kind.name
  if name == "s" or name == "time" then
    return type(value) == "string" and (not kind.words or kind.words[value] == true), path
  end
  if name == "b" then return type(value) == "boolean", path end
  if name == "n" then return type(value) == "number" or json.digits(value) ~= nil, path end
  if name == "i64" or name == "i32" then return json.digits(value) ~= nil, path end
  if type(value) ~= "table" or value == json.null then return name == "object" and type(value) ~= "nil", path end
  if name == "object" then return true end
  if name == "shape" then return object_fits(kind.shape, value, optional, path) end
  if not json.is_array(value) then return false, path end
  for i, part in ipairs(value) do
    local ok, where = fits(kind.of, part, optional, path .. "[" .. i .. "]")
    if not ok then return false, where end
  end
  return true
end
contract.fits = fits

return contract
