-- SPDX-License-Identifier: MIT

--- Turns what the library raises about wrong options into errors for the person, since their values come from the
-- command line or the environment and not from a program.
-- @module lofty.cli.misuse

local misuse = {}

--- The text of a message without the program's line before it.
-- @tparam string raised
-- @treturn string
function misuse.text(raised)
  local place, text = raised:match "^([^:]*):%d+: (.*)$"
  if place and (place:find "%.lua$" or place:find "lofty$") then return text end
  return raised
end

--- Calls a function of the library that raises about a wrong option.
-- @tparam function fn
-- @param ... its arguments
-- @return[1] its result
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid"
function misuse.call(fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  if type(result) ~= "string" or result:find("interrupted!", 1, true) then error(result, 0) end
  return nil, require("lofty.errors").new { kind = "invalid", sent = false, message = misuse.text(result) }
end

return misuse
