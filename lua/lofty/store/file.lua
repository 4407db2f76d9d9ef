--- A store in a directory: one private file for each key, written so that a crash at any instant leaves either the
-- old contents or the new.
--
-- A key's file is `<percent-encoded prefix and key>.token`. Beside it lies `….lock`, which is only ever locked (flock):
-- never written, renamed or deleted, so that all processes lock the same one. The kernel frees a lock when its holder
-- dies. A new value goes to `….new`, is forced to the disk, and then takes the old one's name. A first line tells a
-- whole value from one cut short; so what a process wrote just before it was killed is found in `….new` by the next
-- reader, who ends the work. Between a server's answer and a value that survives a kill lies one write, no fsync.
-- @module lofty.store.file

local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local file = require "lofty.file"
local check = require "lofty.store.contract"

local error, ipairs, setmetatable, tonumber, type = error, ipairs, setmetatable, tonumber, type
local byte, format, gsub = string.byte, string.format, string.gsub
local sort = table.sort

local TOKEN, DRAFT, LOCK = ".token", ".new", ".lock"
local LONGEST_NAME = 255 -- bytes; what the usual file systems take
local WRITES = 2

local Store = { __name = "lofty.store.file" }
Store.__index = Store

local function failed(self, name, why)
  local where = name and self.path .. "/" .. name or self.path
  return nil, errors.new { kind = "store", message = format("file store: %s: %s", where, why) }
end

-- The name of a key's file; nil and why when no file can have it.
local function file_name(self, key, ending)
  check(key, 4)
  local name = core.percent_encode(self.prefix .. key) .. ending
  if #name <= LONGEST_NAME then return name end
  return nil, format("the name for a key of %d bytes would have %d, and %d is the limit", #key, #name, LONGEST_NAME)
end

-- Eight bytes of a digest: against what was cut or damaged, not against those who may write here.
local function digest(value)
  return (gsub(crypto.sha256(value):sub(1, 8), ".", function(c) return format("%02x", byte(c)) end))
end

local function wrap(value)
  return format("lofty 1 %d %s\n", #value, digest(value)) .. value
end

-- The value of a whole file, nil of any other.
local function unwrap(text)
  local size, sum, start = text:match("^lofty 1 (%d+) (%x+)\n()")
  local value = size and text:sub(start)
  if value and #value == tonumber(size) and digest(value) == sum then return value end
end

-- Fills an open file, forces it to the disk and gives it its name; it is gone if that fails.
local function fill(dir, handle, temporary, name, value)
  local ok, why = handle:write(wrap(value))
  if ok then ok, why = handle:sync() end
  if ok then ok, why = dir:rename(temporary, name) end
  if not ok then dir:unlink(temporary) end
  handle:close()
  return ok, why
end

-- Writes by way of a draft, whose own lock, held until it has the name, says that it is in use. Without a draft, or
-- when somebody else writes the same key at this moment, it takes a name that nobody will look for.
-- After a failed fsync the file is given up and another one written, for a second fsync of the same file would
-- say yes to what is lost.
local function write(dir, name, draft, value)
  local ok, why
  for _ = 1, WRITES do
    local handle, temporary = false, draft
    if draft then handle, why = dir:claim(draft, true) end
    if handle == false then
      handle, temporary = dir:create()
      why = temporary
    end
    if handle then ok, why = fill(dir, handle, temporary, name, value) end
    if ok then break end
  end
  if not ok then return nil, why end
  ok, why = dir:sync()
  if ok then return true end
  return nil, "written, but a power failure may lose it: " .. why
end

-- Ends what a writer began who died: a draft that is whole becomes the value, one cut short goes. The draft stays until
-- its copy is safe.
local function finish(dir, name, draft)
  local handle, why, code = dir:claim(draft)
  if not handle then return handle == false or code == "absent" or nil, why end
  local text, ok
  text, why = handle:read()
  local value = text and unwrap(text)
  if value then ok, why = write(dir, name, nil, value) end
  if ok or text and not value then ok, why = dir:unlink(draft) end
  handle:close()
  return ok, why
end

--- Reads what stands under a key.
-- @tparam string key
-- @treturn[1] string nil alone when nothing does
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:get(key)
  local name, why = file_name(self, key, TOKEN)
  if not name then return failed(self, nil, why) end
  local dir, code
  dir, why, code = file.directory(self.path)
  if not dir then
    if code == "absent" then return nil end
    return failed(self, nil, why)
  end
  local draft = file_name(self, key, DRAFT)
  local ok, handle, text
  ok, why = finish(dir, name, draft)
  if not ok then
    dir:close()
    return failed(self, draft, why)
  end
  handle, why, code = dir:open(name, "read")
  if handle then
    text, why = handle:read()
    handle:close()
  end
  dir:close()
  if not handle and code == "absent" then return nil end
  if not text then return failed(self, name, why) end
  local value = unwrap(text)
  if value then return value end
  return failed(self, name, "it is damaged, or not written by this library")
end

-- Deletes the temporary files of writers that died. One that lives holds its file's lock.
local function tidy(dir)
  for _, name in ipairs(dir:list() or {}) do
    local handle = name:find("^%.lofty%-.*%.tmp$") and dir:claim(name)
    if handle then
      dir:unlink(name)
      handle:close()
    end
  end
end

--- Writes, in place of what stood there; when it returns, the disk has it.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:put(key, value)
  if type(value) ~= "string" then error("a store keeps strings", 2) end
  local name, why = file_name(self, key, TOKEN)
  if not name then return failed(self, nil, why) end
  local dir
  dir, why = file.directory(self.path, true)
  if not dir then return failed(self, nil, why) end
  if not self.tidied then
    self.tidied = true
    tidy(dir)
  end
  local ok
  ok, why = write(dir, name, file_name(self, key, DRAFT), value)
  dir:close()
  if ok then return true end
  return failed(self, name, why)
end

--- Forgets a key; one that is absent is no error. Its lock file stays.
-- @tparam string key
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:delete(key)
  local name, why = file_name(self, key, TOKEN)
  if not name then return failed(self, nil, why) end
  local dir, code
  dir, why, code = file.directory(self.path)
  if not dir then
    if code == "absent" then return true end
    return failed(self, nil, why)
  end
  local ok
  ok, why, code = dir:unlink(file_name(self, key, DRAFT))
  if ok or code == "absent" then ok, why, code = dir:unlink(name) end
  if ok or code == "absent" then ok, why = dir:sync() end
  dir:close()
  if ok then return true end
  return failed(self, name, why)
end

--- Lists the keys under which something stands, in order.
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:keys()
  local dir, why, code = file.directory(self.path)
  if not dir then
    if code == "absent" then return {} end
    return failed(self, nil, why)
  end
  local names
  names, why = dir:list()
  dir:close()
  if not names then return failed(self, nil, why) end
  local keys, prefix = {}, self.prefix
  for _, name in ipairs(names) do
    local encoded = name:sub(-#TOKEN) == TOKEN and name:sub(1, -#TOKEN - 1)
    local whole = encoded and core.percent_decode(encoded)
    -- What we did not name ourselves is not ours.
    if whole and core.percent_encode(whole) == encoded and whole:sub(1, #prefix) == prefix and #whole > #prefix then
      keys[#keys + 1] = whole:sub(#prefix + 1)
    end
  end
  sort(keys)
  return keys
end

--- Takes a key's lock, if nobody has it; never waits.
-- The lock ends with its holder's process, not by time. Within one process, where a coroutine may be forgotten and
-- the process live on, it ends after `ttl` too.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  local name, why = file_name(self, key, LOCK)
  if not name then return failed(self, nil, why) end
  local held, process = self.held[name], file.process()
  if held then
    if held.process == process and self.now() < held.ends then return false end
    held.handle:close() -- a fork's copy, or forgotten
    self.held[name] = nil
  end
  local dir
  dir, why = file.directory(self.path, true)
  if not dir then return failed(self, nil, why) end
  local handle
  handle, why = dir:open(name, "create")
  dir:close()
  if not handle then return failed(self, name, why) end
  local locked
  locked, why = handle:lock()
  if locked then
    self.held[name] = { owner = owner, process = process, ends = self.now() + ttl, handle = handle }
    return true
  end
  handle:close()
  if locked == false then return false end
  return failed(self, name, why)
end

--- Gives a lock back.
-- @tparam string key
-- @tparam string owner as at try_lock; another's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  local name, why = file_name(self, key, LOCK)
  if not name then return failed(self, nil, why) end
  local held = self.held[name]
  if not held or held.owner ~= owner or held.process ~= file.process() then return false end
  self.held[name] = nil
  held.handle:close()
  return true
end

local OPTIONS = { path = true, prefix = true, now = true }

--- Makes a store. Nothing is read or created before it is first used.
--     file{
--       path = "/var/lib/myapp/tokens",  -- required; created with mode 0700 if its parent exists
--       prefix = "lofty:",               -- what the names of its files begin with
--       now = clock,                     -- the clock of its locks' ttl, for specs
--     }
-- The directory and its files must belong to the user who runs this, and nobody else may reach them.
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.file", opt, OPTIONS)
  local path, prefix = opt.path, opt.prefix or "lofty:"
  if type(path) ~= "string" or path == "" or path:find("%z") then
    error("lofty.store.file: path must name a directory", 2)
  end
  if type(prefix) ~= "string" then error("lofty.store.file: prefix must be a string", 2) end
  return setmetatable({ path = path, prefix = prefix, now = opt.now or file.monotonic, held = {} }, Store)
end
