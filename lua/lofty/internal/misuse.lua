-- SPDX-License-Identifier: MIT

--- Raises an error about a wrong call, with the position of the caller's line.
--
-- `error(message, level)` needs the number of frames between the place that found the mistake and the user's code.
-- This module looks at the call stack instead: the first Lua function whose source file lies outside lofty's own
-- folder is the user's.
-- @module lofty.internal.misuse

local debug, error = debug, error
local match, sub = string.match, string.sub

-- The folder of this installation's modules, as chunk names show it: "@/usr/share/lua/5.4/lofty/".
local own_folder = match(debug.getinfo(1, "S").source, "^(@.*[/\\])internal[/\\][^/\\]*$")

-- C functions (pcall, coroutine.wrap) and the "tail call" entries of Lua 5.1 name no line, so they are skipped.
local function caller_position()
  local level = 3
  while true do
    local frame = debug.getinfo(level, "Sl")
    if not frame then return "" end
    local is_lua = frame.what == "Lua" or frame.what == "main"
    if is_lua and not (own_folder and sub(frame.source, 1, #own_folder) == own_folder) then
      if frame.currentline < 1 then return "" end
      return frame.short_src .. ":" .. frame.currentline .. ": "
    end
    level = level + 1
  end
end

--- Raises `message` with the position of the first Lua function outside lofty's own folder; without a position when
-- there is no such function (the caller is C, or its code has no line numbers).
-- @tparam string message what was wrong, where, and what to do
return function(message)
  error(caller_position() .. message, 0)
end
