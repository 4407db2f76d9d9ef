-- SPDX-License-Identifier: MIT

--- Connections over cosockets: takes a kept one or makes one, with TLS, for an exchange (`lofty.runtime.exchange`).
-- @module lofty.runtime.nginx.connection

local ngx = ngx -- luacheck: globals ngx
local semaphore = require "ngx.semaphore"
local clock = require "lofty.runtime.nginx.clock"
local exchanges = require "lofty.runtime.exchange"
local nginx_tls = require "lofty.internal.nginx_tls"
local phase = require "lofty.runtime.nginx.phase"
local watchdog = require "lofty.runtime.nginx.watchdog"

local tcp = ngx.socket.tcp
local spawn, kill, thread_wait = ngx.thread.spawn, ngx.thread.kill, ngx.thread.wait
local new_semaphore, tls_handshake = semaphore.new, nginx_tls.handshake
local monotonic = clock.monotonic
local find = string.find
local ceil, pcall = math.ceil, pcall

local connection = {}

-- Seconds after which a kept connection is closed: sooner than servers do it (60 s is usual), so that a request seldom
-- meets one that is just being closed.
local IDLE_TIMEOUT = 30
-- The most bytes read at a time; nginx gives what lua_socket_buffer_size holds.
local READ_SIZE = 65536
-- Seconds for which a kept connection is read before a request that may be sent only once, so that nginx sees whether
-- the server has closed it.
local PROBE = 0.001

local CA_HINT = "set lua_ssl_trusted_certificate in nginx.conf to a file with the CAs you trust, such as "
  .. "/etc/ssl/certs/ca-certificates.crt"
local ISSUER_HINT = "the certificate's issuer is not in the file of lua_ssl_trusted_certificate in nginx.conf"

-- nginx's messages, each with advice. The numbers are OpenSSL's (X509_V_ERR_*).
local HINTS = {
  { "no resolver defined", "set `resolver` in nginx.conf" },
  { "^20: ", CA_HINT },
  { "^2: ", CA_HINT },
  { "^19: ", ISSUER_HINT },
  { "^18: ", ISSUER_HINT },
  { "^21: ", ISSUER_HINT },
  { "^22: ", "set lua_ssl_verify_depth in nginx.conf to 3 or more" },
  { "too many pending", "raise worker_connections in nginx.conf" },
}

local HANDSHAKE_HINT = "the certificate or the handshake was refused: see lua_ssl_trusted_certificate, "
  .. "lua_ssl_verify_depth and lua_ssl_protocols in nginx.conf, and the names in the certificate"

local function explain(why)
  for i = 1, #HINTS do
    if find(why, HINTS[i][1]) then return why .. ": " .. HINTS[i][2] end
  end
  return why
end

-- Sets the timeouts of the socket: that of connecting and the handshake, and that of sending and receiving.
local function set_timeouts(self, connect_seconds, seconds)
  local wait = ceil(seconds * 1000)
  self.wait = wait -- in milliseconds
  self.socket:settimeouts(ceil(connect_seconds * 1000), wait, wait)
end

-- Sets the timeout of sending and receiving. The present one is kept if it is at most a millisecond longer, as it
-- usually is after taking a kept connection or sending.
local function set_wait(self, seconds)
  local longer = self.wait - ceil(seconds * 1000)
  if longer ~= 0 and longer ~= 1 then set_timeouts(self, seconds, seconds) end
end

local function handshake(self)
  local origin, pool = self.origin, self.pool
  local left = self.deadline - monotonic()
  if left <= 0 then return self:timed_out("the TLS handshake with") end
  set_timeouts(self, left, left)
  local session, why = tls_handshake(self.socket, pool.session, origin.name)
  pool.session = session
  if session then return true end
  return self:not_trusted(why and explain(why) or HANDSHAKE_HINT)
end

local function connect_in_thread(attempt)
  local origin = attempt.origin
  attempt.ok, attempt.why = attempt.socket:connect(origin.address, origin.port, attempt.options)
  attempt.ended = true
  attempt.done:post()
end

-- Connects to a name, which nginx's resolver has to find. That has a timeout of its own (resolver_timeout, 30 s), which
-- settimeouts does not shorten, so a light thread does it that can be stopped.
local function resolve_and_connect(self, seconds)
  local attempt = {
    socket = self.socket, origin = self.origin, options = self.pool.options, done = new_semaphore(0), ended = false,
  }
  local thread = spawn(connect_in_thread, attempt)
  if not attempt.ended and not attempt.done:wait(seconds) and not attempt.ended then
    kill(thread)
    return nil, "timeout"
  end
  thread_wait(thread) -- frees the thread
  return attempt.ok, attempt.why
end

-- Takes a kept connection or makes a new one. nginx does not say beforehand which it will be, but `pool.kept` is the
-- most that the pool can hold. A kept connection needs no light thread, which nginx frees only when the request ends.
local function open(self, seconds, now)
  local origin, pool, socket = self.origin, self.pool, self.socket
  if now > pool.kept_until then pool.kept = 0 end
  local ok, why
  if origin.is_address or pool.kept > 0 then
    ok, why = socket:connect(origin.address, origin.port, pool.options)
  else
    ok, why = resolve_and_connect(self, seconds)
  end
  if not ok then return nil, why end
  self.reused = socket:getreusedtimes() > 0
  pool.kept = self.reused and pool.kept - 1 or 0
  return true
end

-- Whether the server has closed a kept connection, or sent bytes that were not asked for.
local function is_closed(self)
  set_wait(self, PROBE)
  local _, why = self.socket:receiveany(1)
  return why ~= "timeout"
end

-- Kept connections are closed until a new one comes: with `new_only` all of them, else those that the server has
-- closed, where the request may not be sent once more.
local function connect(self, now, seconds, new_only)
  local origin = self.origin
  local made, socket = pcall(tcp) -- raises in phases without cosockets; cheaper than to check the phase
  if not made then return phase.refuse() end
  self.socket, self.pool = socket, origin:pool()
  repeat
    -- At each attempt, since is_closed sets other timeouts, and they outlast the connection.
    set_timeouts(self, seconds, self.deadline - now)
    local ok, why = open(self, seconds, now)
    if not ok then return self:not_connected(explain(why), seconds) end
    local unwanted = self.reused and (new_only or not self.may_resend and is_closed(self))
    if unwanted then socket:close() end
  until not unwanted
  self.connected = true
  if not origin.tls then return true end
  if not self.reused then
    local ok, err = handshake(self)
    if not ok then return nil, err end
  end
  watchdog.watch(self)
  return true
end

local function send(self, bytes, seconds)
  set_wait(self, seconds)
  local ok, why = self.socket:send(bytes)
  return ok, why
end

local function receive(self, seconds)
  set_wait(self, seconds)
  local bytes, why = self.socket:receiveany(READ_SIZE)
  return bytes, why
end

local function close(self)
  watchdog.done(self)
  if self.socket then self.socket:close() end
end

-- Keeps the connection for the next request, or closes it.
local function finish(self, reusable, now)
  if not reusable then return close(self) end
  watchdog.done(self)
  if self.socket:setkeepalive(IDLE_TIMEOUT * 1000) then
    self.pool.kept = self.pool.kept + 1
    self.pool.kept_until = now + IDLE_TIMEOUT
  end
end

--- Sends a request and reads its response, see `lofty.runtime.exchange`.
-- @function exchange
-- @tparam table origin see `lofty.runtime.nginx.origin`
-- @tparam table req as the runtime's request takes it
-- @tparam string head
-- @treturn[1] table res
-- @treturn[2] nil
-- @treturn[2] table err
connection.exchange = exchanges.over {
  monotonic = monotonic, connect = connect, send = send, receive = receive, finish = finish, close = close,
}

return connection
