-- SPDX-License-Identifier: MIT

--- Whether a coroutine can yield across pcall: true but on Lua 5.1.
-- @module lofty.internal.pcall_yields

local coroutine, pcall = coroutine, pcall

return coroutine.wrap(function() pcall(coroutine.yield, true) end)() or false
