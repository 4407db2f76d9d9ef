-- SPDX-License-Identifier: MIT

--- Connections to Redis for plain Lua, by lofty.redis (hiredis). They block, for at most the timeout.
--
-- The other kind is `lofty.store.redis.cosocket`. Both have `connect(anew)`, which returns a connection and whether it
-- was used before, and connections with `command(words)`, `keep()` and `close()`.
-- @module lofty.store.redis.blocking

local misuse = require "lofty.internal.misuse"

local pcall, require, setmetatable, tostring = pcall, require, setmetatable, tostring
local find = string.find
local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local Connection = {}
Connection.__index = Connection

--- Runs one command.
-- @tparam {string,...} words the command and its arguments
-- @return[1] the reply
-- @return[2] false
-- @treturn[2] string why the server refused the command
-- @treturn[3] nil
-- @treturn[3] string why the connection can't be used any more
function Connection:command(words)
  local handle = self.handle
  local reply, why = handle:command(unpack(words))
  -- No result at all: a signal came. Its handler runs as a debug hook, so Lua code has to run before waiting again.
  while reply == nil and why == nil do reply, why = handle:reply() end
  return reply, why
end

--- Keeps the connection for the next command of this process.
function Connection:keep()
  local owner = self.owner
  if owner.idle then return self:close() end
  owner.idle = self
end

function Connection:close() self.handle:close() end

local Connections = {}
Connections.__index = Connections

--- Takes the kept connection or makes a new one. While it is in use it is not the kept one: a finalizer or a signal
-- handler that uses the store meanwhile gets a connection of its own. In a forked child the parent's kept connection
-- fails with its first command and nothing is sent over it.
-- @tparam boolean anew whether to make a new one in any case
-- @treturn[1] table connection
-- @treturn[1] boolean whether it was used before
-- @treturn[2] nil
-- @treturn[2] string why there is none
function Connections:connect(anew)
  local idle = self.idle
  self.idle = nil
  if idle and not anew then return idle, true end
  if idle then idle:close() end
  local target = self.target
  local handle, why = self.connect_handle(target.host, target.port, self.timeout,
    target.tls and self.server_name or nil, self.ca, self.certificate, self.key)
  if not handle then return nil, why end
  return setmetatable({ owner = self, handle = handle }, Connection), false
end

--- @tparam table target of lofty.store.redis.url
-- @tparam table settings `timeout`, `server_name`, `ca`, `certificate`, `key`
-- @treturn table
return function(target, settings)
  local found, redis = pcall(require, "lofty.redis")
  if not found and find(tostring(redis), "module 'lofty.redis' not found", 1, true) then
    misuse("lofty.store.redis: the module lofty.redis is not built: install hiredis (Debian: libhiredis-dev) and run "
      .. "make again")
  elseif not found then
    -- It is there, but the dynamic linker refuses it, e.g. since libhiredis was removed.
    misuse("lofty.store.redis: the module lofty.redis cannot be loaded: " .. tostring(redis))
  end
  return setmetatable({
    connect_handle = redis.connect, target = target, timeout = settings.timeout,
    server_name = settings.server_name or target.host, ca = settings.ca, certificate = settings.certificate,
    key = settings.key,
  }, Connections)
end
