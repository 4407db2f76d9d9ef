--- A random number in [0, 1) that differs from process to process.
--
-- math.random does not do: Lua 5.1 to 5.3 and LuaJIT start it alike in every process, and nginx's workers are forks
-- of one, so that all of them would come back at the same moment. Loaded on first use, since this draws on OpenSSL.
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
