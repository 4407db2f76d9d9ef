-- SPDX-License-Identifier: MIT

--- Turns what the library raises about wrong options into errors for the person, since their values come from the
-- command line or the environment and not from a program.
-- @module lofty.cli.misuse

local misuse = {}

--- The text about a wrong call, without the program's line before it. Anything else that was raised, such as an error
-- of the library or an interruption, is raised again.
-- @param raised
-- @treturn string
function misuse.text(raised)
  if type(raised) ~= "string" or raised:find("interrupted!", 1, true) then error(raised, 0) end
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
  return nil, require("lofty.errors").new { kind = "invalid", sent = false, message = misuse.text(result) }
end

return misuse
