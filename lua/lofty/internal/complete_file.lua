-- SPDX-License-Identifier: MIT

--- Writes a file under a temporary name (the draft) and renames it, so that a crash leaves the whole file or none.
-- @module lofty.internal.complete_file

--- Writes a text to an open draft, forces it to disk and renames it; unlinks the draft when that fails. Closes the
-- draft in either case. The new name itself is on disk only after dir:sync().
-- @tparam userdata dir an open directory of lofty.file
-- @tparam userdata handle of the draft
-- @tparam string draft its name
-- @tparam string name the new name
-- @tparam string text
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string why not
return function(dir, handle, draft, name, text)
  local ok, why = handle:write(text)
  if ok then ok, why = handle:sync() end
  if ok then ok, why = dir:rename(draft, name) end
  if not ok then dir:unlink(draft) end
  handle:close()
  return ok, why
end
