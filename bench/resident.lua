-- SPDX-License-Identifier: MIT

--- The resident set of this process, from Linux's /proc.
-- @treturn ?number KiB; nil where the system does not tell
return function()
  local file = io.open "/proc/self/status"
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmRSS:%s*(%d+)")
end
