-- SPDX-License-Identifier: MIT

--- The file of `--resume`: how far an export to standard output is.
--
-- It is replaced before a page is written, so that it names the first page that may be incomplete and the size that the
-- output had before that page. A file is cut back to this size and the page written again; where the output is no file,
-- a resumed export repeats at most one page.
-- @module lofty.cli.export.cursor_file

local cursor_file = {}

--- Reads it.
-- @tparam string path
-- @treturn[1] ?table `cursor`, `size` (bytes; nil where the output was no file), `of` (what is exported); nil alone:
--   there is none
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
    return nil, path .. " is no cursor file of lofty export: name another file"
  end
  state.size = tonumber(state.size)
  return state
end

--- Replaces it; a crash leaves the old file or the new one.
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
