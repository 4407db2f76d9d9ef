-- SPDX-License-Identifier: MIT

--- The modules that the command needs beside its own Lua files: what is missing and how to install it.
-- @module lofty.cli.modules

local modules = {}

-- The C modules, each with the Debian package that has the headers to build it.
local C_MODULES = {
  { "core", "zlib1g-dev" }, { "curl", "libcurl4-openssl-dev" }, { "crypto", "libssl-dev" }, { "file" }, { "terminal" },
  { "redis", "libhiredis-dev", is_optional = true },
}

-- The module that a message of require is about: its name, and whether it was not found.
local function named_in(text)
  local first, last = text:find("module '", 1, true)
  local name = first and text:match("^[%w_.]+", last + 1)
  return name, name ~= nil and text:find("' not found:", last + 1, true) == last + 1 + #name
end

-- The message of a failed require in one line; for a module that is not installed, without the paths that were
-- searched. Second: whether it is not installed.
local function reason_of(raised)
  local text = tostring(raised)
  local name, is_missing = named_in(text)
  if is_missing then return ("%s is not installed for %s"):format(name, _VERSION), true end
  return (text:gsub("%s+", " ")), false
end

local function build_fix(packages)
  return ("in the source directory run make, then make install; the build needs %s (Debian's names)")
    :format(table.concat(packages, ", "))
end

--- Loads the C modules.
-- @treturn table an array of what is wrong: `text`, `fix`, `is_optional`
-- @treturn ?string the directory that they come from; nil on Lua 5.1, and when none can be loaded
function modules.check()
  local failures, place = {}, nil
  local missing, packages = {}, { "liblua" .. _VERSION:match "%d.*" .. "-dev" }
  local search = rawget(package, "searchpath") -- not in Lua 5.1
  for _, module in ipairs(C_MODULES) do
    local name = "lofty." .. module[1]
    local ok, raised = pcall(require, name)
    local text, is_missing = reason_of(raised)
    if ok then
      local path = search and search(name, package.cpath)
      place = place or path and path:match "^(.*)/[^/]*$"
    elseif module.is_optional then
      failures[#failures + 1] = { text = text, fix = build_fix { packages[1], module[2] }, is_optional = true }
    elseif is_missing then
      missing[#missing + 1], packages[#packages + 1] = name, module[2]
    else
      failures[#failures + 1] = {
        text = text, fix = ("install the library that the message names, or build for %s again: make clean, make, "
          .. "make install"):format(_VERSION),
      }
    end
  end
  if #missing > 0 then
    table.insert(failures, 1, {
      text = ("not installed for %s: %s"):format(_VERSION, table.concat(missing, ", ")), fix = build_fix(packages),
    })
  end
  return failures, place
end

--- What to tell a person when a require failed.
-- @tparam string raised the message that require raised
-- @treturn ?string nil when the message is about something else
function modules.explain(raised)
  local name = named_in(raised)
  if name == "argparse" then
    return "needs argparse: install lua-argparse (Debian) or argparse (LuaRocks)"
  elseif name and name:find "^lofty%." then
    return (reason_of(raised)) .. "; `lofty doctor --offline` checks the installation"
  end
end

return modules
