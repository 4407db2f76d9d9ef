-- SPDX-License-Identifier: MIT

--- Prints a call as a Lua script.
-- @module lofty.cli.script

local sorted_keys = require "lofty.cli.sorted_keys"

local concat = table.concat

local script = {}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\\127]', function(c) return ESCAPES[c] or ("\\%03d"):format(c:byte()) end) .. '"'
end

-- A value as Lua source.
local function literal(value)
  local lofty = require "lofty"
  if value == lofty.null then return "lofty.null" end
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return (assert(lofty.json.encode(value))) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil and getmetatable(value) then
    for i, item in ipairs(value) do parts[i] = literal(item) end
    if #parts == 0 then return "lofty.array {}" end
  else
    for i, name in ipairs(sorted_keys(value)) do
      local key = name:find "^[%a_][%w_]*$" and not KEYWORDS[name] and name or "[" .. quoted(name) .. "]"
      parts[i] = key .. " = " .. literal(value[name])
    end
  end
  return #parts == 0 and "{}" or "{ " .. concat(parts, ", ") .. " }"
end

local HEAD = [[
local lofty = require "lofty"
local crm = lofty.client() -- with LOFTY_API_KEY or LOFTY_ACCESS_TOKEN from the environment

]]

--- The script of one call.
-- @tparam string resource "leads" or "v1.tasks"
-- @tparam string verb
-- @tparam table arguments of the method
-- @tparam ?boolean all whether the whole list is walked
-- @treturn string
function script.of(resource, verb, arguments, all)
  local parts = {}
  for i, value in ipairs(arguments) do parts[i] = literal(value) end
  if all then
    return HEAD .. ("for item in crm.%s.%s:each(%s) do\n  print(lofty.json.encode(item))\nend\n"):format(resource, verb,
      concat(parts, ", "))
  end
  return HEAD .. ("local value = lofty.assert(crm.%s:%s(%s))\nprint(lofty.json.encode(value))\n"):format(resource, verb,
    concat(parts, ", "))
end

return script
