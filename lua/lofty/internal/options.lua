-- SPDX-License-Identifier: MIT

--- Checks a table of options: see `lofty.errors.options`, which is this function. It needs no C module, because the
-- sandbox must work without them.
-- @module lofty.internal.options

local misuse = require "lofty.internal.misuse"

local pairs, require, tostring, type = pairs, require, tostring, type
local format = string.format

return function(where, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then misuse(format("%s: a table of options expected, got %s", where, type(options))) end
  for name in pairs(options) do
    if not known[name] then
      local _, hint = require "lofty.internal.suggest"(name, known)
      misuse(format("%s: unknown option %q%s", where, tostring(name), hint))
    end
  end
  return options
end
