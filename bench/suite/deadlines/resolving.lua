-- SPDX-License-Identifier: MIT

-- Measures the case "resolving" in a network namespace of its own, with a name server that never responds.
-- usage: lua5.4 bench/suite/deadlines/resolving.lua DEADLINE ROUNDS

package.path = "./?.lua;" .. package.path
local dns = assert(require "socket".udp())
assert(dns:setsockname("127.0.0.1", 53))
local rows = require "bench.suite.deadlines.measure" {
  deadline = tonumber(arg[1]), rounds = tonumber(arg[2]), only = "resolving", resolver = true,
}
for _, row in ipairs(rows) do
  if row[2][1] then print(require "lofty.json".encode(row)) end
end
