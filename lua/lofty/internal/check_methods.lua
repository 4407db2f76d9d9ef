-- SPDX-License-Identifier: MIT

--- Checks that an object given as an option has the methods of its contract.
-- @module lofty.internal.check_methods

local misuse = require "lofty.internal.misuse"

local getmetatable, ipairs, type = getmetatable, ipairs, type
local format = string.format

local function callable(value)
  if type(value) == "function" then return true end
  local meta = getmetatable(value)
  return type(meta) == "table" and type(meta.__call) == "function"
end

--- Raises unless `object` has every required method, and each optional one is a method where it is there.
-- @param object a table or userdata
-- @tparam string option the option that it was given as, for the message
-- @tparam string noun what it must be, for the message, e.g. "a store (see lofty.store.contract)"
-- @tparam {string,...} required
-- @tparam {string,...} optional
return function(object, option, noun, required, optional)
  for _, name in ipairs(required) do
    if not callable(object[name]) then misuse(format("%s must be %s: it has no method %s", option, noun, name)) end
  end
  for _, name in ipairs(optional) do
    local value = object[name]
    if value ~= nil and not callable(value) then misuse(format("%s: %s must be a method", option, name)) end
  end
end
