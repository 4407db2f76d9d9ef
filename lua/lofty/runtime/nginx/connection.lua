--- One request over one cosocket: connect or take a kept connection, TLS, send, read to the end.
-- @module lofty.runtime.nginx.connection

local ngx = ngx -- luacheck: globals ngx
local core = require "lofty.core"
local errors = require "lofty.errors"
local clock = require "lofty.runtime.nginx.clock"
local phase = require "lofty.runtime.nginx.phase"

local tcp = ngx.socket.tcp
local http_reader, limits = core.http_reader, core.limits
local monotonic = clock.monotonic
local find, format = string.find, string.format
local ceil, pcall = math.ceil, pcall

local connection = {}

-- A kept connection is given up after so many milliseconds, before servers do (60 s is usual), so that
-- a request seldom meets one that is just being closed.
local IDLE = 30000
-- The most bytes taken at a time; nginx gives what lua_socket_buffer_size holds.
local PIECE = 65536
-- A body of so many bytes is sent without a wait.
local SMALL = 16384

-- What nginx says, and what the reader of our message has to do about it.
local HINTS = {
  { "no resolver defined", "set `resolver` in nginx.conf" },
  { "^20: ", "set lua_ssl_trusted_certificate in nginx.conf to the file of the CAs you trust" },
  { "^2: ", "set lua_ssl_trusted_certificate in nginx.conf to the file of the CAs you trust" },
  { "^19: ", "the certificate's issuer is not in lua_ssl_trusted_certificate" },
  { "^18: ", "the certificate's issuer is not in lua_ssl_trusted_certificate" },
  { "^22: ", "set lua_ssl_verify_depth in nginx.conf to 3 or more" },
  { "too many pending", "raise worker_connections in nginx.conf" },
}

local REFUSED = "its certificate or its handshake is not acceptable: see lua_ssl_trusted_certificate, "
  .. "lua_ssl_verify_depth and lua_ssl_protocols in nginx.conf, and the certificate's names"

local function explain(why)
  for i = 1, #HINTS do
    if find(why, HINTS[i][1]) then return why .. ": " .. HINTS[i][2] end
  end
  return why
end

-- How far the exchange came is said by its fields: `connected`, `sent`, `reader`.
local function failed(self, kind, message)
  return nil, errors.new {
    kind = kind, message = message, sent = self.sent, connected = self.connected,
    head = self.reader and self.reader:head_complete() or false,
  }
end

local function late(self, doing)
  return failed(self, "timeout", format("%s %s took longer than %g s", doing, self.origin.shown, self.total))
end

-- Gives each next step what is left of the total time; false when nothing is.
local function hurry(self)
  local left = self.deadline - monotonic()
  if left <= 0 then return false end
  local milliseconds = ceil(left * 1000)
  self.socket:settimeouts(milliseconds, milliseconds, milliseconds)
  return true
end

-- Verifies the certificate against the name, always. A session is kept only after that.
-- Of a handshake that failed without a wait, as near servers' do, lua-resty-core (0.1.25) reports success if
-- it is asked for no session (false), and raises an assertion if it is: hence nil or a session, and pcall.
local function handshake(self)
  local origin, pool, socket = self.origin, self.pool, self.socket
  if not hurry(self) then return late(self, "the TLS handshake with") end
  local called, session, why = pcall(socket.sslhandshake, socket, pool.session, origin.name, true)
  if called and session then
    pool.session = session
    return true
  end
  pool.session = nil
  if not called then why = REFUSED end
  if why == "timeout" then return late(self, "the TLS handshake with") end
  return failed(self, "tls", format("no trusted TLS connection to %s: %s", origin.shown, explain(why or "closed")))
end

-- `fresh`: kept connections are closed until a new one comes.
local function connect(self, now, fresh)
  local origin, socket = self.origin, self.socket
  local left = ceil((self.deadline - now) * 1000)
  if left <= 0 then return late(self, "a connection to") end
  local wait = ceil(self.wait * 1000)
  if wait > left then wait = left end
  socket:settimeouts(wait, left, left)
  repeat
    local ok, why = socket:connect(origin.address, origin.port, self.pool.options)
    if not ok then
      if why == "timeout" then
        return failed(self, "timeout", format("no connection to %s within %g s", origin.shown, wait / 1000))
      end
      return failed(self, "network", format("no connection to %s: %s", origin.shown, explain(why)))
    end
    self.reused = socket:getreusedtimes() > 0
    local stale = self.reused and fresh
    if stale then socket:close() end
  until not stale
  self.connected = true
  if self.reused then return true end
  if origin.tls then
    local ok, err = handshake(self)
    if not ok then return nil, err end
  end
  -- A new connection took its time.
  if not hurry(self) then return late(self, "a connection to") end
  return true
end

-- The connection ended before the answer did. Nothing of it at all on a kept connection: most likely the
-- server had closed that one, and whether it saw the request is not known.
local function broken(self, got, why)
  self.stale = self.reused and not got
  local where = not got and "before it answered"
    or self.reader:head_complete() and "in the middle of its answer" or "in the middle of its answer's head"
  local how = why == "closed" and "closed the connection" or "broke the connection (" .. why .. ")"
  return failed(self, "network", format("%s %s %s", self.origin.shown, how, where))
end

local function undecodable(self, why)
  return failed(self, "decode", format("the answer of %s is not acceptable: %s", self.origin.shown, why))
end

local function receive(self)
  local socket, reader = self.socket, self.reader
  local got = false
  while true do
    local bytes, why = socket:receiveany(PIECE)
    if bytes then
      got = true
      local done, bad = reader:feed(bytes)
      if done then return true end
      if bad then return undecodable(self, bad) end
      if not hurry(self) then return late(self, "the answer of") end
    elseif why == "timeout" then
      return late(self, "the answer of")
    elseif why == "closed" and got then
      local done = reader:eof() -- an answer without a length ends here
      if done then return true end
      return broken(self, got, why)
    else
      return broken(self, got, why)
    end
  end
end

local function send(self, head, body)
  self.sent = true
  local ok, why
  if body and body ~= "" then
    ok, why = self.socket:send { head, body }
  else
    ok, why = self.socket:send(head)
  end
  if ok then
    -- What is small goes into the kernel's buffer at once; the rest takes its time.
    if body and #body > SMALL and not hurry(self) then return late(self, "sending to") end
    return true
  end
  if why == "timeout" then return late(self, "sending to") end
  self.stale = self.reused
  return failed(self, "network", format("%s broke the connection (%s) while it was sent to", self.origin.shown, why))
end

-- Readers that wait for the next answer. Making one is dear; what an aborted request held is collected.
local idle, waiting = {}, 0

local function take_reader(req)
  local max_head, max_body = req.max_head or limits.head, req.max_body or limits.body
  if waiting == 0 then return http_reader(req.method, max_head, max_body) end
  local reader = idle[waiting]
  idle[waiting] = nil
  waiting = waiting - 1
  reader:reset(req.method, max_head, max_body)
  return reader
end

local function give_back(reader)
  if waiting == limits.idle_connections then return end
  waiting = waiting + 1
  idle[waiting] = reader
end

local function attempt(self, req, head, now, fresh)
  local ok, err = connect(self, now, fresh)
  if not ok then return nil, err end
  ok, err = send(self, head, req.body)
  if not ok then return nil, err end
  self.reader = take_reader(req)
  return receive(self)
end

--- Sends a request and reads its answer.
-- A request that a kept connection lost unanswered is sent once more, on a new one, if `again` says so.
-- @tparam table origin
-- @tparam table req
-- @tparam string head
-- @tparam number wait seconds for the connection
-- @tparam number total seconds for everything
-- @tparam boolean again
-- @treturn[1] table res
-- @treturn[2] nil
-- @treturn[2] table err
function connection.exchange(origin, req, head, wait, total, again)
  local made, socket = pcall(tcp) -- raises where there are no cosockets; cheaper than to ask first
  if not made then return phase.refuse() end
  local started = monotonic()
  local self = {
    origin = origin, pool = origin:pool(), socket = socket, wait = wait, total = total, deadline = started + total,
    sent = false, connected = false, reused = false, stale = false, reader = nil,
  }
  local ok, err = attempt(self, req, head, started, false)
  if not ok and again and self.stale then
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
  give_back(reader)
  if reusable then socket:setkeepalive(IDLE) else socket:close() end
  return { status = status, headers = headers, body = body, reused = self.reused, elapsed = monotonic() - started }
end

return connection
