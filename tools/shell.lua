-- SPDX-License-Identifier: MIT

--- What the tools read: files, and the output of shell commands. A command that fails raises, as far as Lua tells (from
-- 5.2 on).

local shell = {}

--- The whole of a file.
-- @tparam string path
-- @treturn string
function shell.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- What a command prints.
-- @tparam string command
-- @treturn string
function shell.output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  assert(pipe:close(), command)
  return text
end

--- The lines that a command prints.
-- @tparam string command
-- @treturn {string,...}
function shell.lines(command)
  local list = {}
  for line in shell.output(command):gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- The files of a folder and those below it, sorted.
-- @tparam string root
-- @tparam string folder below root
-- @tparam string pattern of their names, as find -name has it
-- @treturn {string,...} their paths below root
function shell.find(root, folder, pattern)
  local list = shell.lines(("cd %s && find %s -type f -name %s"):format(quote(root), quote(folder), quote(pattern)))
  table.sort(list)
  return list
end

return shell
