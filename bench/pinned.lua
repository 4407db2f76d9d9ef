-- SPDX-License-Identifier: MIT

--- Servers on the first processor, clients on the second: where both share one, a response is there before anybody waits
-- for it, and what is measured is the scheduler. Without taskset, or with one processor, they run anywhere.
-- @module bench.pinned

local nginx = require "lofty.sandbox.nginx"

local pinned = {}

local is_possible = nginx.shell "taskset -c 1 echo yes 2>/dev/null" == "yes"

--- Pins a server and its child processes.
-- @tparam number pid
function pinned.server(pid)
  if not is_possible then return end
  local pids = pid .. " " .. nginx.shell("pgrep -P " .. pid .. " || true"):gsub("\n", " ")
  for each in pids:gmatch "%d+" do nginx.shell("taskset -a -c -p 0 " .. each .. " >/dev/null") end
end

--- The beginning of a client's command.
pinned.client = is_possible and "taskset -c 1 " or ""

return pinned
