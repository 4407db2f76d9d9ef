-- SPDX-License-Identifier: MIT

--- A folder for the specs of the file store, and what they look at there.
-- @module spec.support.store_folder

local nginx = require "lofty.sandbox.nginx"
local primitives = require "lofty.file"

local shell, quote, contents, write = nginx.shell, nginx.quote, nginx.contents, nginx.write

-- The file's name of the token with the key "id/1".
local TOKEN = "/lofty%3Aid%2F1.token"

local Folder = { token = TOKEN }
Folder.__index = Folder

--- Another path of a store, with nothing there yet.
function Folder:next()
  self.count = self.count + 1
  self.path = self.folder .. "/" .. self.count
  return self.path
end

function Folder:names()
  return shell("ls -A " .. quote(self.path))
end

function Folder:remove()
  shell("rm -rf " .. quote(self.folder))
end

--- How many descriptors this process has open.
function Folder.open_descriptors()
  local dir = assert(primitives.directory("/proc/self/fd"))
  local list = dir:list()
  dir:close()
  return #list
end

--- The same, without those that only garbage has open.
function Folder.descriptors()
  collectgarbage()
  collectgarbage()
  return Folder.open_descriptors()
end

--- A store whose primitives count their calls, so that the nth can fail or end the process.
function Folder:rigged(fault)
  local calls = 0
  local function wrap(handle, kind)
    if type(handle) ~= "userdata" then return handle end
    return setmetatable({}, { __index = function(_, name)
      return function(_, ...)
        if name ~= "close" then
          calls = calls + 1
          local result, why = fault(calls, kind .. ":" .. name)
          if result == false then return nil, why, "failed" end
        end
        local first, second, third = handle[name](handle, ...)
        return wrap(first, "file"), second, third
      end
    end })
  end
  local rig = setmetatable({
    directory = function(...)
      local dir, why, code = primitives.directory(...)
      return wrap(dir, "directory"), why, code
    end,
  }, { __index = primitives })
  local real, real_store = package.loaded["lofty.file"], package.loaded["lofty.store.file"]
  package.loaded["lofty.file"], package.loaded["lofty.store.file"] = rig, nil
  local store = require "lofty.store.file" { path = self.path }
  package.loaded["lofty.file"], package.loaded["lofty.store.file"] = real, real_store
  return store, function() return calls end
end

--- The draft that a process leaves when it dies while it writes.
function Folder:leave_draft(text)
  write(self.path .. "/lofty%3Aid%2F1.new", text)
  shell("chmod 600 " .. self.path .. "/*.new")
end

--- The content of the file of a complete value.
function Folder:whole(value)
  local other = require "lofty.store.file" { path = self.path .. "-whole" }
  assert(other:put("id/1", value))
  return contents(self.path .. "-whole" .. TOKEN)
end

return {
  --- Makes a folder; `remove` removes it.
  new = function()
    return setmetatable({ folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-file.XXXXXX"'), count = 0 }, Folder)
  end,
}
