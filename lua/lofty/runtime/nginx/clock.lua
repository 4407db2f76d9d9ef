-- SPDX-License-Identifier: MIT

--- The time: nginx's own, and a monotonic clock.
-- @module lofty.runtime.nginx.clock

local ngx = ngx -- luacheck: globals ngx
local ffi = require "ffi"

local update_time, ngx_now = ngx.update_time, ngx.now
local tonumber = tonumber

local clock = {}

-- Declared under own names, so that they do not clash with declarations of other code.
ffi.cdef [[
typedef struct { long seconds, nanoseconds; } lofty_timespec;
int lofty_clock_gettime (int clock, lofty_timespec *time) __asm__("clock_gettime");
]]
local MONOTONIC = (ffi.os == "OSX" and 6) or (ffi.os == "BSD" and 4) or 1
local C, time = ffi.C, ffi.new("lofty_timespec")

--- Seconds on a monotonic clock.
-- @treturn number
function clock.monotonic()
  C.lofty_clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) * 1e-9
end

--- Seconds since 1970. nginx caches the time until its next event, so the cache is updated first.
-- @treturn number
function clock.now()
  update_time()
  return ngx_now()
end

return clock
