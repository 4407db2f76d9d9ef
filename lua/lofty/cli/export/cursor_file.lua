-- SPDX-License-Identifier: MIT

--- The file of `--resume`: the progress of an export to standard output.
--
-- It is replaced before each page is written. So it holds the cursor of the first page that may be incomplete, and the
-- size of the output before that page. A resumed export cuts an output file back to this size and writes the page
-- again; if the output is not a file, at most one page is repeated.
-- @module lofty.cli.export.cursor_file

local cursor_file = {}

--- Reads it.
-- @tparam string path
-- @treturn[1] ?table `cursor`, `size` (bytes; nil if the output was not a file), `of` (what is exported); nil alone
--   when the file does not exist
-- @treturn[2] nil
-- @treturn[2] string why it cannot be used
function cursor_file.read(path)
  local file, why, code = io.open(path, "rb")
  if not file then
    if code == 2 then return nil end -- ENOENT
    return nil, why
  end
  local text = file:read "*a"
  file:close()
  local state = text and require("lofty").json.decode(text)
  if type(state) ~= "table" or type(state.cursor) ~= "string" or type(state.of) ~= "string" then
    return nil, path .. " was not written by `lofty export --resume`: name another file"
  end
  if state.size ~= nil and not (type(state.size) == "number" and state.size >= 0 and state.size % 1 == 0) then
    return nil, path .. " is damaged: its size is not a whole number; delete it and the output, and start over"
  end
  return state
end

--- Replaces it atomically.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string why
function cursor_file.write(path, state)
  local draft = path .. ".new"
  local file, why = io.open(draft, "wb")
  if not file then return nil, why end
  local ok
  ok, why = file:write(require("lofty").json.encode(state), "\n")
  local closed, reason = file:close()
  if not ok or not closed then return nil, why or reason end
  return os.rename(draft, path)
end

return cursor_file
