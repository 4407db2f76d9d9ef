-- SPDX-License-Identifier: MIT

--- Calls a method of a store. A store that a user wrote may raise, or return a string instead of an err.
-- @module lofty.internal.call_store

local errors = require "lofty.errors"

local ipairs, pcall, tostring, type = ipairs, pcall, tostring, type

-- An err for what a store returned or raised.
local function failure(problem)
  if errors.is(problem) then return problem end
  local shown, text = pcall(tostring, problem)
  if problem == nil or not shown then text = "it gave no reason" end
  return errors.new { kind = "store", message = "the store failed: " .. text }
end

-- The methods that may return nil alone, and those that may return false; from others that is a failure, too.
local MAY_BE_NIL, MAY_BE_FALSE = { get = true }, { try_lock = true, unlock = true }

-- The types of the values that these methods return; of the others only nil and false are distinguished.
local TYPES = { get = "string", keys = "table", take = "number" }

-- What is wrong with the type of a value; nil if nothing is.
local function type_problem(method, value)
  local expected = TYPES[method]
  if not expected or value == nil then return nil end
  if type(value) ~= expected then
    return "its method " .. method .. " returned a " .. type(value) .. ", not a " .. expected
  end
  if method == "take" and value ~= value then return "its method take returned a NaN" end
  for _, key in ipairs(method == "keys" and value or {}) do
    if type(key) ~= "string" then return "its method keys returned a list with a " .. type(key) end
  end
end

--- @function call_store
-- @tparam table store see `lofty.store.contract`
-- @tparam string method
-- @param ... its arguments
-- @return[1] what the method returned
-- @treturn[2] nil
-- @treturn[2] table err
return function(store, method, ...)
  local ok, value, err = pcall(store[method], store, ...)
  if not ok then return nil, failure(value) end
  if value == nil and (err ~= nil or not MAY_BE_NIL[method]) or value == false and not MAY_BE_FALSE[method] then
    return nil, failure(err)
  end
  local problem = type_problem(method, value)
  if problem then return nil, failure(problem) end
  return value
end
