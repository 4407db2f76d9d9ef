-- SPDX-License-Identifier: MIT

--- One request over one cosocket: take a kept connection or make one, TLS, send, read the whole response.
--
-- Each step is bounded by the time that the request has left.
-- @module lofty.runtime.nginx.connection

local ngx = ngx -- luacheck: globals ngx
local semaphore = require "ngx.semaphore"
local clock = require "lofty.runtime.nginx.clock"
local core = require "lofty.core"
local errors = require "lofty.errors"
local nginx_tls = require "lofty.internal.nginx_tls"
local phase = require "lofty.runtime.nginx.phase"
local watchdog = require "lofty.runtime.nginx.watchdog"

local tcp = ngx.socket.tcp
local spawn, kill, thread_wait = ngx.thread.spawn, ngx.thread.kill, ngx.thread.wait
local new_semaphore, tls_handshake = semaphore.new, nginx_tls.handshake
local http_reader, limits = core.http_reader, core.limits
local monotonic = clock.monotonic
local find, format, sub = string.find, string.format, string.sub
local ceil, pcall = math.ceil, pcall

local connection = {}

-- Seconds after which a kept connection is closed: sooner than servers do it (60 s is usual), so that a request seldom
-- meets one that is just being closed.
local IDLE_TIMEOUT = 30
-- The most bytes read at a time; nginx gives what lua_socket_buffer_size holds.
local READ_SIZE = 65536
-- The most bytes sent at a time. nginx restarts its timer whenever some of them could be sent, so a piece must be small
-- enough to be sent in few steps.
local SEND_SIZE = 16384
-- Readers of responses that are kept for the next request. Making one costs more than resetting one.
local MAX_IDLE_READERS = 32

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

-- The fields `connected`, `sent` and `reader` show how far the exchange came.
local function failed(self, kind, message)
  return nil, errors.new {
    kind = kind, message = message, sent = self.sent, connected = self.connected,
    head = self.reader and self.reader:head_complete() or false,
  }
end

local function timeout_error(self, doing)
  return failed(self, "timeout", format("%s %s took longer than %g s", doing, self.origin.shown, self.total))
end

-- Sets the timeouts of the next step to the rest of the total time; false when none is left.
local function set_deadline(self)
  local left = self.deadline - monotonic()
  if left <= 0 then return false end
  local milliseconds = ceil(left * 1000)
  self.socket:settimeouts(milliseconds, milliseconds, milliseconds)
  return true
end

local function handshake(self)
  local origin, pool = self.origin, self.pool
  if not set_deadline(self) then return timeout_error(self, "the TLS handshake with") end
  local session, why = tls_handshake(self.socket, pool.session, origin.name)
  pool.session = session
  if session then return true end
  if why == "timeout" then return timeout_error(self, "the TLS handshake with") end
  return failed(self, "tls", format("no trusted TLS connection to %s: %s", origin.shown,
    why and explain(why) or HANDSHAKE_HINT))
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

-- `new_only`: kept connections are closed until a new one comes.
local function connect(self, now, new_only)
  local origin, socket = self.origin, self.socket
  local left = self.deadline - now
  if left <= 0 then return timeout_error(self, "a connection to") end
  local seconds = self.wait < left and self.wait or left
  local milliseconds = ceil(left * 1000)
  socket:settimeouts(ceil(seconds * 1000), milliseconds, milliseconds)
  repeat
    local ok, why = open(self, seconds, now)
    if not ok then
      if why == "timeout" then
        return failed(self, "timeout", format("no connection to %s within %g s", origin.shown, seconds))
      end
      return failed(self, "network", format("no connection to %s: %s", origin.shown, explain(why)))
    end
    local unwanted = self.reused and new_only
    if unwanted then socket:close() end
  until not unwanted
  self.connected = true
  if self.reused then return true end
  if origin.tls then
    local ok, err = handshake(self)
    if not ok then return nil, err end
  end
  -- Connecting took part of the total time.
  if not set_deadline(self) then return timeout_error(self, "a connection to") end
  return true
end

-- The connection ended before the response did. When a kept connection ends without a byte of it, the server most
-- likely had closed it before; whether it saw the request is not known.
local function closed_error(self, got, why)
  self.stale = self.reused and not got
  local where = not got and "before its response"
    or self.reader:head_complete() and "in the middle of its response" or "in the middle of its response's head"
  local how = why == "closed" and "closed the connection" or "broke the connection (" .. why .. ")"
  return failed(self, "network", format("%s %s %s", self.origin.shown, how, where))
end

local function decode_error(self, why)
  return failed(self, "decode", format("the response of %s is not acceptable: %s", self.origin.shown, why))
end

local function receive(self)
  local socket, reader = self.socket, self.reader
  local got = false
  while true do
    local bytes, why = socket:receiveany(READ_SIZE)
    if bytes then
      got = true
      local done, problem = reader:feed(bytes)
      if done then return true end
      if problem then return decode_error(self, problem) end
      if not set_deadline(self) then return timeout_error(self, "the response of") end
    elseif why == "timeout" then
      return timeout_error(self, "the response of")
    elseif why == "closed" and got then
      local done = reader:eof() -- a response without a length ends here
      if done then return true end
      return closed_error(self, got, why)
    else
      return closed_error(self, got, why)
    end
  end
end

-- Sends a body that is too large for one piece.
local function send_pieces(self, body)
  local socket = self.socket
  for first = 1, #body, SEND_SIZE do
    if not set_deadline(self) then return nil, "timeout" end
    local ok, why = socket:send(sub(body, first, first + SEND_SIZE - 1))
    if not ok then return nil, why end
  end
  if not set_deadline(self) then return nil, "timeout" end
  return true
end

local function send(self, head, body)
  self.sent = true
  local ok, why
  if not body or body == "" then
    ok, why = self.socket:send(head)
  elseif #body <= SEND_SIZE then
    ok, why = self.socket:send { head, body }
  else
    ok, why = self.socket:send(head)
    if ok then ok, why = send_pieces(self, body) end
  end
  if ok then return true end
  if why == "timeout" then return timeout_error(self, "sending to") end
  self.stale = self.reused
  return failed(self, "network", format("%s broke the connection (%s) while it was sent to", self.origin.shown, why))
end

local idle_readers, idle_count = {}, 0

local function take_reader(req)
  local max_head, max_body = req.max_head or limits.head, req.max_body or limits.body
  if idle_count == 0 then return http_reader(req.method, max_head, max_body) end
  local reader = idle_readers[idle_count]
  idle_readers[idle_count] = nil
  idle_count = idle_count - 1
  reader:reset(req.method, max_head, max_body)
  return reader
end

local function give_back_reader(reader)
  if idle_count == MAX_IDLE_READERS then return end
  idle_count = idle_count + 1
  idle_readers[idle_count] = reader
end

local function attempt(self, req, head, now, new_only)
  local ok, err = connect(self, now, new_only)
  if not ok then return nil, err end
  ok, err = send(self, head, req.body)
  if not ok then return nil, err end
  self.reader = take_reader(req)
  if not self.origin.tls then return receive(self) end
  watchdog.watch(self)
  ok, err = receive(self)
  watchdog.done(self)
  return ok, err
end

-- Keeps the connection for the next request, or closes it.
local function finish(self, reusable)
  if not reusable then
    self.socket:close()
  elseif self.socket:setkeepalive(IDLE_TIMEOUT * 1000) then
    self.pool.kept = self.pool.kept + 1
    self.pool.kept_until = monotonic() + IDLE_TIMEOUT
  end
end

--- Sends a request and reads its response.
-- A request that a kept connection lost without a response is sent once more, on a new one, if `resend` says so.
-- @tparam table origin see `lofty.runtime.nginx.origin`
-- @tparam table req as the runtime's request takes it
-- @tparam string head
-- @tparam number wait seconds for the connection, name resolution included
-- @tparam number total seconds for everything
-- @tparam boolean resend
-- @treturn[1] table res
-- @treturn[2] nil
-- @treturn[2] table err
function connection.exchange(origin, req, head, wait, total, resend)
  local made, socket = pcall(tcp) -- raises where there are no cosockets; cheaper than to ask first
  if not made then return phase.refuse() end
  local started = monotonic()
  local self = {
    origin = origin, pool = origin:pool(), socket = socket, wait = wait, total = total, deadline = started + total,
    sent = false, connected = false, reused = false, stale = false, reader = nil,
  }
  local ok, err = attempt(self, req, head, started, false)
  if not ok and resend and self.stale then
    socket:close()
    self.reader, self.stale = nil, false
    ok, err = attempt(self, req, head, monotonic(), true)
  end
  if not ok then
    socket:close()
    return nil, err
  end
  local reader = self.reader
  local status, headers, body, reusable = reader:response()
  give_back_reader(reader)
  finish(self, reusable)
  return { status = status, headers = headers, body = body, reused = self.reused, elapsed = monotonic() - started }
end

return connection
