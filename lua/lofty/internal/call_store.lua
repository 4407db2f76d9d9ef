-- SPDX-License-Identifier: MIT

--- Calls a method of a store. A store that a user wrote may raise, or return a string instead of an err.
-- @module lofty.internal.call_store

local errors = require "lofty.errors"

local pcall, tostring = pcall, tostring

-- An err for what a store returned or raised.
local function failure(problem)
  if errors.is(problem) then return problem end
  return errors.new {
    kind = "store", message = "the store failed: " .. (problem == nil and "it gave no reason" or tostring(problem)),
  }
end

-- The methods that may return nil alone, and those that may return false; from others that is a failure, too.
local MAY_BE_NIL, MAY_BE_FALSE = { get = true }, { try_lock = true, unlock = true }

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
  return value
end
