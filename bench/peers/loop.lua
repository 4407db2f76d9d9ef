-- SPDX-License-Identifier: MIT

--- How each peer in Lua measures its loop: a quarter of the calls to warm up, then all of them. Prints seconds of wall
-- time and of CPU, and the resident set in KiB before and after.

local monotonic = require("lofty.file").monotonic
local resident = require "bench.resident"

--- @tparam number count
-- @tparam function run makes that many calls
return function(count, run)
  run(math.ceil(count / 4))
  local before = assert(resident())
  local wall, cpu = monotonic(), os.clock()
  run(count)
  wall, cpu = monotonic() - wall, os.clock() - cpu
  print(("%.6f %.6f %d %d"):format(wall, cpu, before, resident()))
end
