-- SPDX-License-Identifier: MIT

--- A store in a directory: one private file for each key. A crash at any time leaves either the old value or the new.
--
-- Files of a key, named after the percent-encoded prefix and key:
--
-- - `NAME.token` is the value: a header line with its length and digest, then its bytes.
-- - `NAME.new` is the draft of the next value. `put` writes it, forces it to disk and renames it to `NAME.token`. A
--   process that dies after the write leaves a complete draft, and the next `get` finishes the work; one that dies
--   earlier leaves an incomplete draft, which the next `get` deletes. The writer holds the draft's flock lock until it
--   is renamed, and only the holder of that lock renames or unlinks a draft.
-- - `NAME.lock` is the lock file. It is locked with flock and never written, renamed or unlinked, so that all processes
--   lock the same file. The kernel frees the lock when its holder's process ends.
-- @module lofty.store.file

local ascii = require "lofty.internal.ascii"
local complete_file = require "lofty.internal.complete_file"
local contract = require "lofty.store.contract"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local delete_abandoned = require "lofty.internal.delete_abandoned"
local errors = require "lofty.errors"
local file = require "lofty.file"
local misuse = require "lofty.internal.misuse"

local pairs, setmetatable, tonumber, type = pairs, setmetatable, tonumber, type
local find, format, gsub, rep, sub = string.find, string.format, string.gsub, string.rep, string.sub
local min = math.min
local sort = table.sort

local TOKEN, DRAFT, LOCK = ".token", ".new", ".lock"
local MAX_NAME = 255 -- bytes of a file name on the usual file systems
local MAX_HEADER = 64 -- bytes, more than wrap() adds to a value
local WRITE_ATTEMPTS = 2

local Store = { __name = "lofty.store.file" }
Store.__index = Store

local function shell_quoted(path)
  return "'" .. gsub(path, "'", "'\\''") .. "'"
end

-- What to do about a directory or file that is not private, by the code of lofty.file.
local function recovery_hint(self, why, code)
  local path = shell_quoted(self.path)
  if code == "owner" then
    return format("%s: run as root chown -R %d %s, or name a new directory below it", why, file.user(), path)
  elseif code ~= "mode" then
    return why
  end
  -- Kubernetes' fsGroup sets the set-group-ID bit, and the modes again whenever a pod starts.
  local again = find(why, "mode 2", 1, true) and "; in Kubernetes also set fsGroupChangePolicy: OnRootMismatch" or ""
  return format("%s: run chmod -R go= %s%s", why, path, again)
end

-- nil, err
local function failed(self, name, why, code)
  local place = name and self.path .. "/" .. name or self.path
  return nil, errors.new {
    kind = "store", message = format("file store: %s: %s", place, recovery_hint(self, why, code)),
  }
end

-- What the names of a key's files begin with; nil, err when they would be too long.
local function base_name(self, key)
  contract.check_key(key)
  local base = core.percent_encode(self.prefix .. key)
  local size = #base + #TOKEN -- the longest ending
  if size <= MAX_NAME then return base end
  return failed(self, nil,
    format("a key of %d bytes needs a file name of %d bytes, and %d is the limit", #key, size, MAX_NAME))
end

-- Opens the directory; nil alone when there is none and `create` is false. A directory that is missing although it
-- held tokens is an error: its volume may be unmounted, and "no token" would make the caller connect the account again.
local function open_directory(self, create)
  local dir, why, code = file.directory(self.path, create and not self.held_tokens)
  if dir then return dir end
  if code ~= "absent" or create and not self.held_tokens then return failed(self, nil, why, code) end
  if not self.held_tokens then return nil end
  return failed(self, nil, "this directory held tokens and is missing now: restore it (is its volume mounted?)")
end

-- Forgets the locks and reservations of the parent in a forked child. Closing a handle there does not unlock it.
local function leave_parent(self)
  local process = file.process()
  if self.process == process then return end
  for _, lock in pairs(self.locks) do lock.handle:close() end
  for _, reservation in pairs(self.reservations) do reservation.handle:close() end
  self.process, self.locks, self.reservations = process, {}, {}
end

-- Eight bytes of a SHA-256 digest, to detect truncation and damage.
local function digest(value)
  return ascii.hex(sub(crypto.sha256(value), 1, 8))
end

local function wrap(value)
  return format("lofty 1 %d %s\n", #value, digest(value)) .. value
end

-- The value of a complete file, nil of any other. A draft may end with the zeros of its allocated space.
local function unwrap(text)
  local size, sum, start = text:match("^lofty 1 (%d+) (%x+)\n()")
  size = tonumber(size)
  if not size or size > #text then return nil end
  local value, padding = sub(text, start, start + size - 1), sub(text, start + size)
  if #value == size and digest(value) == sum and padding == rep("\0", #padding) then return value end
end

-- Opens a locked, empty file to write in: the draft, or where another process writes that now, or where there is no
-- draft's name, a file with a name of its own.
local function open_draft(dir, draft)
  local handle, why = false, nil
  if draft then handle, why = dir:claim(draft, true) end
  if handle then return handle, draft end
  if handle == nil then return nil, why end
  return dir:create()
end

-- After a failed fsync the draft is given up and a new one is written: a second fsync of the same file would succeed
-- without the pages that were lost.
local function write(dir, name, draft, value, reservation)
  local ok, why
  for _ = 1, WRITE_ATTEMPTS do
    local handle, temporary
    if reservation then
      handle, temporary, reservation = reservation.handle, reservation.draft, nil
    else
      handle, temporary = open_draft(dir, draft)
      why = temporary
    end
    if handle then ok, why = complete_file(dir, handle, temporary, name, wrap(value)) end
    if ok then break end
  end
  if not ok then return nil, why end
  ok, why = dir:sync()
  if ok then return true end
  return nil, "written, but a power failure may lose it: " .. why
end

-- Finishes the put of a process that died: a complete draft becomes the value, an incomplete one is deleted. The draft
-- is kept until its copy is on disk.
local function finish(dir, name, draft)
  local handle, why, code = dir:claim(draft)
  if not handle then return handle == false or code == "absent" or nil, why, code end
  local text, ok
  text, why, code = handle:read()
  local value = text and unwrap(text)
  if value then ok, why = write(dir, name, nil, value) end
  if ok or text and not value then ok, why, code = dir:unlink(draft) end
  handle:close()
  return ok, why, code
end

-- Deletes a reservation that no put has used.
local function drop_reservation(self, key)
  local reservation = self.reservations[key]
  if not reservation then return end
  self.reservations[key] = nil
  local dir = file.directory(self.path)
  if dir then
    dir:unlink(reservation.draft)
    dir:close()
  end
  reservation.handle:close()
end

--- Reads the value of a key.
-- @tparam string key
-- @treturn[1] string nil alone when the key is absent
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:get(key)
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  local dir
  dir, err = open_directory(self)
  if not dir then return nil, err end
  local name, draft = base .. TOKEN, base .. DRAFT
  local ok, why, code = finish(dir, name, draft)
  if not ok then
    dir:close()
    return failed(self, draft, why, code)
  end
  local handle, text
  handle, why, code = dir:open(name, "read")
  if handle then
    text, why = handle:read()
    handle:close()
  end
  dir:close()
  if not handle and code == "absent" then return nil end
  if not text then return failed(self, name, why, code) end
  local value = unwrap(text)
  if not value then return failed(self, name, "it is damaged, or was not written by this library") end
  self.held_tokens = true
  return value
end

--- Replaces the value of a key. When it returns true, the value is on disk.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:put(key, value)
  contract.check_value(value)
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  local dir
  dir, err = open_directory(self, true)
  if not dir then return nil, err end
  if not self.cleaned then
    self.cleaned = true
    delete_abandoned(dir, dir:list() or {})
  end
  local reservation = self.reservations[key]
  self.reservations[key] = nil
  local ok, why = write(dir, base .. TOKEN, base .. DRAFT, value, reservation)
  dir:close()
  if not ok then return failed(self, base .. TOKEN, why) end
  self.held_tokens = true
  return true
end

--- Makes sure that the next `put` of a key finds room: creates its draft and allocates the space.
-- Call it while holding the key's lock; `unlock` deletes a draft that was not used.
-- @tparam string key
-- @tparam number bytes the most that the value may have
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:reserve(key, bytes)
  contract.check_size(bytes)
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  drop_reservation(self, key)
  local dir
  dir, err = open_directory(self, true)
  if not dir then return nil, err end
  local draft = base .. DRAFT
  local ok, why, code = finish(dir, base .. TOKEN, draft)
  local handle
  if ok then
    handle, why, code = open_draft(dir, draft)
    draft = handle and why or draft
  end
  if handle then
    ok, why, code = handle:allocate(min(bytes + MAX_HEADER, core.limits.stored))
    if not ok then
      dir:unlink(draft)
      handle:close()
      handle = nil
    end
  end
  dir:close()
  if not handle then return failed(self, draft, why, code) end
  self.reservations[key] = { handle = handle, draft = draft }
  return true
end

--- Deletes a key; an absent one is not an error. Its lock file stays.
-- @tparam string key
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:delete(key)
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  drop_reservation(self, key)
  local dir
  dir, err = open_directory(self)
  if err then return nil, err end
  if not dir then return true end
  local name, draft = base .. TOKEN, base .. DRAFT
  local handle, why, code = dir:claim(draft)
  local ok = handle == false or code == "absent" -- false: a running process writes, and that counts as after this
  if handle then
    ok, why, code = dir:unlink(draft)
    handle:close()
  end
  if ok then ok, why, code = dir:unlink(name) end
  if ok or code == "absent" then ok, why, code = dir:sync() end
  dir:close()
  if ok then return true end
  return failed(self, name, why, code)
end

--- Lists the keys that have a value, sorted.
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:keys()
  local dir, err = open_directory(self)
  if err then return nil, err end
  if not dir then return {} end
  local names, why, code = dir:list(TOKEN)
  dir:close()
  if not names then return failed(self, nil, why, code) end
  local keys, count, prefix = {}, 0, core.percent_encode(self.prefix)
  for index = 1, #names do
    local name = names[index]
    if sub(name, 1, #prefix) == prefix and #name > #prefix then
      local encoded = sub(name, #prefix + 1)
      local key = core.percent_decode(encoded)
      -- A file with any other name was not written by this library.
      if key and core.percent_encode(key) == encoded then
        count = count + 1
        keys[count] = key
      end
    end
  end
  sort(keys)
  if keys[1] then self.held_tokens = true end
  return keys
end

--- Takes a key's lock, unless it is locked; never waits.
-- Other processes get the lock when its holder unlocks it or its holder's process ends, not by time. Within one process
-- it ends after `ttl` too, since a coroutine may be dropped while the process goes on.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  contract.check_seconds(ttl, "ttl")
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  local name = base .. LOCK
  local lock = self.locks[name]
  if lock then
    if self.now() < lock.ends then return false end
    self.locks[name] = nil
    drop_reservation(self, key)
    lock.handle:close()
  end
  local dir
  dir, err = open_directory(self, true)
  if not dir then return nil, err end
  local handle, why, code = dir:open(name, "create")
  dir:close()
  if not handle then return failed(self, name, why, code) end
  local locked
  locked, why, code = handle:lock()
  if locked then
    self.locks[name] = { owner = owner, ends = self.now() + ttl, handle = handle }
    return true
  end
  handle:close()
  if locked == false then return false end
  return failed(self, name, why, code)
end

--- Frees a lock, and deletes the key's reservation if no `put` has used it.
-- @tparam string key
-- @tparam string owner as given to try_lock; another owner's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  leave_parent(self)
  local base, err = base_name(self, key)
  if not base then return nil, err end
  local name = base .. LOCK
  local lock = self.locks[name]
  if not lock or lock.owner ~= owner then return false end
  self.locks[name] = nil
  drop_reservation(self, key)
  lock.handle:close()
  return true
end

local OPTIONS = { path = true, prefix = true, now = true }

--- Makes a store. Nothing is read or created before it is first used.
--     file{
--       path = "/var/lib/myapp/tokens",  -- required; created with mode 0700 if its parent exists
--       prefix = "lofty:",               -- what the names of its files begin with
--       now = clock,                     -- the clock of its locks' ttl, for specs
--     }
-- The directory and its files must belong to the user of this process, and no other user may reach them.
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.file", opt, OPTIONS)
  local path, prefix = opt.path, opt.prefix or "lofty:"
  if type(path) ~= "string" or path == "" or find(path, "\0", 1, true) then
    misuse("lofty.store.file: path must be the name of a directory")
  end
  if type(prefix) ~= "string" then misuse("lofty.store.file: prefix must be a string") end
  return setmetatable({
    path = path, prefix = prefix, now = opt.now or file.monotonic, process = file.process(), locks = {},
    reservations = {},
  }, Store)
end
