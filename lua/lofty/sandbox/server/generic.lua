-- SPDX-License-Identifier: MIT

--- Generates a response from the document's shape, for operations without a handler.
-- @module lofty.sandbox.server.generic

local accounts = require "lofty.sandbox.server.accounts"
local contract = require "lofty.sandbox.server.contract"
local json = require "lofty.sandbox.server.json"
local seed = require "lofty.sandbox.server.seed"

local generic = {}

-- Values for fields whose names say what they hold.
local STRINGS = {
  email = "somebody@mail.example", phone = "5125550123", message = "success", msg = "success", url = "https://example.com/",
  firstName = "Maria", lastName = "Alvarez", city = "Austin", state = "TX", timeZoneCode = "America/Chicago",
}

local function string_for(name, kind)
  if kind.words then return kind.words[1] end
  if STRINGS[name] then return STRINGS[name] end
  if name:find("[tT]ime$") or name:find("At$") or kind.name == "time" then return seed.zulu(seed.time(0)) end
  return "sandbox " .. name
end

local function integer_for(name, kind, person)
  if name == "code" or name == "errorCode" then return 0 end
  if kind.name == "i64" and (name:find("[iI]d$") or name:find("[iI]ds$")) then return seed.id(person, "other", #name) end
  if name:find("[tT]ime$") then return seed.millis(seed.time(0)) end
  return 1
end

--- A value of a type, for a field of that name.
function generic.value(kind, name, person, depth)
  if kind.name == "s" or kind.name == "time" then return string_for(name, kind) end
  if kind.name == "i64" or kind.name == "i32" then return integer_for(name, kind, person) end
  if kind.name == "n" then return 1.5 end
  if kind.name == "b" then return true end
  if kind.name == "array" then
    return depth < 4 and json.array { generic.value(kind.of, name, person, depth + 1) } or json.array {}
  end
  local object = {}
  if kind.name == "shape" and depth < 5 then
    for _, field in ipairs(contract.shapes[kind.shape]) do
      object[field.name] = generic.value(field.kind, field.name, person, depth + 1)
    end
  end
  return object
end

--- Responds to a call with the document's shape.
function generic.answer(call)
  local gives = call.operation.gives
  if gives == "nothing" then return nil end
  return generic.value(gives, "", accounts.find(call.account), 0)
end

return generic
