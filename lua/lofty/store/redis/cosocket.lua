-- SPDX-License-Identifier: MIT

--- Connections to Redis inside nginx, by cosockets: nothing blocks the worker. nginx keeps them in a pool.
--
-- See `lofty.store.redis.blocking` for what both kinds of connection have.
-- @module lofty.store.redis.cosocket

local ascii = require "lofty.internal.ascii"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local file = require "lofty.file"
local misuse = require "lofty.internal.misuse"

local pcall, rawget, require, setmetatable, tonumber, tostring =
  pcall, rawget, require, setmetatable, tonumber, tostring
local byte, find, format, gsub, sub = string.byte, string.find, string.format, string.gsub, string.sub
local concat = table.concat
local ceil, max = math.ceil, math.max
local monotonic = file.monotonic

local MAX_LINE = 4096 -- bytes of a status, an error or a length
local MAX_DEPTH = 8 -- arrays within arrays
local READ_SIZE = 16384

-- Milliseconds until the deadline, for settimeout, which takes 0 for its default.
local function milliseconds(seconds)
  return max(1, ceil(seconds * 1000))
end

-- Reads replies of the Redis protocol (RESP 2). What was received and not read yet is `buffer` from byte `at` on.
local Reader = {}
Reader.__index = Reader

-- Receives some bytes, within the reply's deadline.
function Reader:receive()
  local left = self.deadline - monotonic()
  if left <= 0 then return nil, format("no complete reply within %.14g s", self.timeout) end
  self.socket:settimeout(milliseconds(left))
  local bytes, why = self.socket:receiveany(READ_SIZE)
  if not bytes then
    if why == "timeout" then why = format("no complete reply within %.14g s", self.timeout) end
    return nil, tostring(why)
  end
  self.received = self.received + #bytes
  if self.received > core.limits.body then return nil, "the reply is too long" end
  return bytes
end

-- A line without its CR LF.
function Reader:line()
  while true do
    local buffer, at = self.buffer, self.at
    local last = find(buffer, "\r\n", at, true)
    if last then
      self.at = last + 2
      return sub(buffer, at, last - 1)
    end
    if #buffer - at >= MAX_LINE then return nil, "the reply is not in Redis's protocol" end
    local bytes, why = self:receive()
    if not bytes then return nil, why end
    self.buffer, self.at = sub(buffer, at) .. bytes, 1
  end
end

-- A string of `size` bytes, and the CR LF behind it.
function Reader:bulk(size)
  local parts, count = nil, #self.buffer - self.at + 1
  while count < size + 2 do
    local bytes, why = self:receive()
    if not bytes then return nil, why end
    parts = parts or { sub(self.buffer, self.at) }
    parts[#parts + 1], count = bytes, count + #bytes
  end
  if parts then self.buffer, self.at = concat(parts), 1 end
  local first = self.at
  self.at = first + size + 2
  return sub(self.buffer, first, first + size - 1)
end

function Reader:array(count, depth)
  local list = {}
  for index = 1, count do
    local value, why = self:reply(depth + 1)
    if value == nil then return nil, why end
    list[index] = value == false and why or value
  end
  return list
end

-- A reply; false and a message for the server's error; nil and a message when the connection failed.
function Reader:reply(depth)
  local line, why = self:line()
  if not line then return nil, why end
  local kind, rest = byte(line), sub(line, 2)
  if kind == 43 then return rest end -- +
  if kind == 45 then return false, rest end -- -
  local number = tonumber(rest)
  if number and kind == 58 then return number end -- :
  if number and (kind == 36 or kind == 42) then -- $ and *
    if number < 0 then return core.null end
    if number > core.limits.body or depth > MAX_DEPTH then return nil, "the reply is too long" end
    if kind == 36 then return self:bulk(number) end
    return self:array(number, depth)
  end
  return nil, "the reply is not in Redis's protocol"
end

local Connection = {}
Connection.__index = Connection

--- Runs one command; results as in `lofty.store.redis.blocking`.
function Connection:command(words)
  local parts = { "*" .. #words .. "\r\n" }
  for index = 1, #words do parts[index + 1] = "$" .. #words[index] .. "\r\n" .. words[index] .. "\r\n" end
  local timeout, socket = self.owner.timeout, self.socket
  socket:settimeout(milliseconds(timeout))
  local sent, why = socket:send(concat(parts))
  if not sent then return nil, tostring(why) end
  local reader = setmetatable({
    socket = socket, timeout = timeout, deadline = monotonic() + timeout, buffer = "", at = 1, received = 0,
  }, Reader)
  local reply
  reply, why = reader:reply(1)
  return reply, why
end

function Connection:keep()
  if self.anew then return self:close() end
  self.socket:setkeepalive(self.owner.idle * 1000, self.owner.connections)
end

function Connection:close() self.socket:close() end

local Connections = {}
Connections.__index = Connections

local function tls_problem(why)
  if find(why, "^%d+: ") or find(why, "host mismatch", 1, true) then
    return "TLS: the server's certificate was not accepted: " .. gsub(why, "^%d+: ", "")
      .. " (nginx trusts the authorities of lua_ssl_trusted_certificate)"
  end
  return "TLS: the handshake failed: " .. why
end

--- Takes a connection from nginx's pool or makes a new one.
-- @tparam boolean anew whether to make a new one in any case
-- @treturn[1] table connection
-- @treturn[1] boolean whether it was used before
-- @treturn[2] nil
-- @treturn[2] string why there is none
function Connections:connect(anew)
  local made, socket, why = pcall(self.tcp)
  if not made or not socket then return nil, "no cosocket can be used here: " .. tostring(made and why or socket) end
  socket:settimeout(milliseconds(self.timeout))
  -- Connections are never kept in the pool "#new", so that one of it is always new.
  local pool, target = anew and self.pool .. "#new" or self.pool, self.target
  if target.tls then pool = pool .. "|" .. self.tls.block() end
  local options = { pool = pool }
  local ok
  if target.port then
    ok, why = socket:connect(self.address, target.port, options)
  else
    ok, why = socket:connect("unix:" .. target.host, options)
  end
  if not ok then return nil, tostring(why) end
  local kept = socket:getreusedtimes() ~= 0
  if target.tls and not kept then
    ok, why = self.tls.handshake(socket, nil, self.server_name)
    if not ok then
      socket:close()
      return nil, tls_problem(why or "the server's certificate was not accepted (see lua_ssl_trusted_certificate)")
    end
  end
  return setmetatable({ owner = self, socket = socket, anew = anew }, Connection), kept
end

-- nginx's resolver asks DNS, which has no "localhost" (RFC 6761, section 6.3).
local function address_of(target)
  if target.host == "localhost" then return "127.0.0.1" end
  if find(target.host, ":", 1, true) then return "[" .. target.host .. "]" end
  return target.host
end

local function digest(...)
  return ascii.hex(crypto.sha256(concat({ ... }, "\0")))
end

--- @tparam table target of lofty.store.redis.url
-- @tparam table settings `timeout`, `server_name`, `connections`, `idle`; `user`, `password`: a connection that has
--   logged in must not serve another login, so the pool's name has a digest of both
-- @treturn table
return function(target, settings)
  if settings.ca then
    misuse("lofty.store.redis: in nginx ca cannot be set here: use lua_ssl_trusted_certificate in nginx.conf")
  elseif settings.certificate then
    misuse("lofty.store.redis: in nginx a client certificate cannot be used: leave out certificate and key")
  end
  local server_name = settings.server_name or target.host
  return setmetatable({
    tcp = rawget(_G, "ngx").socket.tcp, target = target, address = address_of(target), timeout = settings.timeout,
    tls = target.tls and require "lofty.internal.nginx_tls", server_name = server_name,
    connections = settings.connections, idle = settings.idle,
    pool = concat({ "lofty", target.name, target.db, target.tls and "tls " .. server_name or "",
      digest(settings.user or "", settings.password or "") }, "|"),
  }, Connections)
end
