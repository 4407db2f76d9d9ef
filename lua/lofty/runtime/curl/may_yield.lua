-- SPDX-License-Identifier: MIT

--- Tells whether a coroutine may yield at the present point of its execution.
-- @module lofty.runtime.curl.may_yield

local coroutine, debug, pcall, xpcall, rawget = coroutine, debug, pcall, xpcall, rawget

-- 5.3, 5.4 and LuaJIT have a function for this.
local isyieldable = rawget(coroutine, "isyieldable")
if isyieldable then return isyieldable end

local getinfo = debug.getinfo

-- 5.2 yields across everything but C functions other than these two.
if pcall(getinfo, 1, "t") then
  return function()
    local level = 2
    local info = getinfo(level, "Sf")
    while info do
      if info.what == "C" and info.func ~= pcall and info.func ~= xpcall then return false end
      level = level + 1
      info = getinfo(level, "Sf")
    end
    return true
  end
end

-- 5.1 yields across nothing that C called: pcall, sort, gsub; a metamethod, which has no name; the iterator
-- of a generic for. A tail call hides who the caller was, so it may be any of these. The lowest function is
-- called by resume itself, and needs no name.
return function()
  local level = 2
  local info = getinfo(level, "Sn")
  while info do
    if info.what == "C" or info.what == "tail" then return false end
    level = level + 1
    local below = getinfo(level, "Sn")
    if below and (not info.name or info.name == "(for generator)") then return false end
    info = below
  end
  return true
end
