-- SPDX-License-Identifier: MIT

--- Starts a process and ends it with kill -9, unless it has ended by then.
-- @tparam string command one command of the shell, such that its process id is that of the process
-- @tparam number milliseconds less than 1000
return function(command, milliseconds)
  os.execute(("%s & pid=$!\nsleep 0.%03d\nkill -9 $pid 2>/dev/null && wait $pid 2>/dev/null"):format(command, milliseconds))
end
