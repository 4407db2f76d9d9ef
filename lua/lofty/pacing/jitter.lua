-- SPDX-License-Identifier: MIT

--- A random number in [0, 1) that differs from process to process.
--
-- math.random is not enough: Lua 5.1 to 5.3 and LuaJIT seed it alike in every process, and nginx's workers are forks of
-- one process, so all of them would retry at the same moment. lofty.crypto is loaded on first use (it loads OpenSSL).
-- @module lofty.pacing.jitter

local pcall, require = pcall, require
local byte, fallback = string.byte, math.random

local bytes

--- @treturn number 0 or more, less than 1
return function()
  if bytes == nil then
    local found, crypto = pcall(require, "lofty.crypto")
    bytes = found and crypto.random or false
  end
  if not bytes then return fallback() end
  local a, b, c, d = byte(bytes(4), 1, 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) / 4294967296
end
