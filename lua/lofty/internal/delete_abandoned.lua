-- SPDX-License-Identifier: MIT

--- Deletes the temporary files that processes left in a directory when they died.
--
-- `directory:create()` of `lofty.file` names a temporary file ".lofty-PROCESS-TIME-COUNT.tmp" and keeps it locked while
-- it is in use, so that only an abandoned one can be claimed.
-- @module lofty.internal.delete_abandoned

local ipairs = ipairs
local find = string.find

-- @tparam userdata dir an open directory of lofty.file
-- @tparam {string,...} names the names of its files
return function(dir, names)
  for _, name in ipairs(names) do
    local handle = find(name, "^%.lofty%-[%x-]+%.tmp$") and dir:claim(name)
    if handle then
      dir:unlink(name)
      handle:close()
    end
  end
end
