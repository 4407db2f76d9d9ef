-- SPDX-License-Identifier: MIT

--- One HTTP/1.1 exchange over one connection: sends a request, reads the whole response, and tells in an err how
-- far this came. A runtime that has sockets supplies the functions that connect, send, receive and close; each wait is
-- bounded by the time that the request has left.
-- @module lofty.runtime.exchange

local core = require "lofty.core"
local errors = require "lofty.errors"

local http_reader, limits = core.http_reader, core.limits
local format, sub = string.format, string.sub
local min = math.min
local setmetatable = setmetatable

-- The most bytes sent at a time. A transport may restart its timer whenever some of them could be sent, so a piece must
-- be small enough to be sent in few steps.
local SEND_SIZE = 16384
-- RFC 9110, section 9.2.2: repeating them changes nothing.
local IDEMPOTENT = { GET = true, HEAD = true, PUT = true, DELETE = true, OPTIONS = true }
-- How many ended exchanges, each with its reader, are kept for later requests: setting the fields of one costs less
-- than making another.
local MAX_IDLE = 32
-- Bytes; the memory of a larger body is freed when the exchange ends.
local KEPT_BODY = 65536

local exchange = {}

-- The exchange of one request. `connected`, `sent` and `reader` (of the response) show how far it came; `reused`: the
-- connection was kept; `stale`: a kept connection ended without a byte of the response; `may_resend`: then it may be
-- sent once more.
local Exchange = {}
Exchange.__index = Exchange

--- The failure of an exchange.
-- @tparam string kind
-- @tparam string message
-- @treturn nil
-- @treturn table err with `sent`, `connected` and `head`
function Exchange:failed(kind, message)
  return nil, errors.new {
    kind = kind, message = message, sent = self.sent, connected = self.connected,
    head = self.reader:head_complete(),
  }
end

--- The failure of an exchange whose time is over.
-- @tparam string doing what was waited for, such as "sending to"
function Exchange:timed_out(doing)
  return self:failed("timeout", format("%s %s took longer than %g s", doing, self.shown, self.total))
end

--- The failure of an exchange for which no connection could be made.
-- @tparam string why "timeout" or a message
-- @tparam number seconds how long it was tried
function Exchange:not_connected(why, seconds)
  if why == "timeout" then
    return self:failed("timeout", format("no connection to %s within %g s", self.shown, seconds))
  end
  return self:failed("network", format("no connection to %s: %s", self.shown, why))
end

--- The failure of an exchange whose TLS handshake failed.
-- @tparam string why "timeout" or a message
function Exchange:not_trusted(why)
  if why == "timeout" then return self:timed_out("the TLS handshake with") end
  return self:failed("tls", format("no trusted TLS connection to %s: %s", self.shown, why))
end

-- The connection ended before the response did. When a kept connection ends without a byte of it, the server most
-- likely had closed it before; whether it saw the request is not known.
local function closed_error(self, got, why)
  self.stale = self.reused and not got
  local where = not got and "before its response"
    or self.reader:head_complete() and "in the middle of its response" or "in the middle of its response's head"
  local how = why == "closed" and "closed the connection" or "broke the connection (" .. why .. ")"
  return self:failed("network", format("%s %s %s", self.shown, how, where))
end

local function decode_error(self, why)
  return self:failed("decode", format("the response of %s is not acceptable: %s", self.shown, why))
end

local idle, idle_count = {}, 0

-- The exchange of a request to `origin` that begins at `now`.
local function take(origin, req, now)
  local self
  if idle_count > 0 then
    self = idle[idle_count]
    idle[idle_count] = nil
    idle_count = idle_count - 1
  else
    -- All fields at once: a table that grows is allocated again.
    self = setmetatable({
      origin = false, shown = false, total = 0, deadline = 0, connect_seconds = 0, may_resend = false, socket = false,
      reader = http_reader(req.method, limits.head, limits.body), sent = false, connected = false, reused = false,
      stale = false, pool = false, wait = 0, -- the last two are for the nginx runtime
    }, Exchange)
  end
  local timeout = req.timeout
  self.origin, self.shown = origin, origin.shown
  self.total = timeout and timeout.total or limits.total_timeout
  self.deadline = now + self.total
  self.connect_seconds = timeout and timeout.connect or limits.connect_timeout
  self.may_resend = not req.once and IDEMPOTENT[req.method] or false
  self.sent, self.connected, self.reused, self.stale = false, false, false, false
  return self
end

-- Keeps an exchange that has ended. `size` is that of the body; nil after an error. (An aborted exchange is collected.)
local function give_back(self, size)
  self.origin, self.socket, self.pool = false, false, false
  if not size or size > KEPT_BODY then self.reader:reset("GET", limits.head, limits.body) end
  if idle_count == MAX_IDLE then return end
  idle_count = idle_count + 1
  idle[idle_count] = self
end

--- Makes the function that does exchanges over one kind of connection.
--
-- `transport` has the functions
--
-- - `monotonic() -> number`: seconds on a clock that setting the time does not move;
-- - `connect(self, now, seconds, new_only) -> true | nil, err`: sets `self.socket`, `self.connected` and `self.reused`;
--   a new connection may take `seconds`, more than 0 and no more than the request has left at `now`, and its TLS
--   handshake until `self.deadline`; no kept connection is used when `new_only` is true; errs are made with
--   `self:not_connected`, `self:not_trusted` and `self:timed_out`;
-- - `send(self, bytes, seconds) -> true | nil, why`: sends all bytes; `why` is "timeout", "closed" or a message;
-- - `receive(self, seconds) -> bytes | nil, why`: some bytes, as soon as there are any;
-- - `finish(self, reusable, now)`: keeps the connection when it is reusable, else closes it;
-- - `close(self)`: closes the connection after a failure, if there is one.
-- @tparam table transport
-- @treturn function see `run` below
function exchange.over(transport)
  local monotonic, connect, send_bytes, receive_bytes, finish, close = transport.monotonic, transport.connect,
    transport.send, transport.receive, transport.finish, transport.close

  -- Sends head and body; `left` are the seconds until the deadline.
  local function send_all(self, head, body, left)
    if not body or #body <= SEND_SIZE then
      local ok, why = send_bytes(self, body and head .. body or head, left)
      return ok, why
    end
    local ok, why = send_bytes(self, head, left)
    local first = 1
    while ok and first <= #body do
      left = self.deadline - monotonic()
      if left <= 0 then return nil, "timeout" end
      ok, why = send_bytes(self, sub(body, first, first + SEND_SIZE - 1), left)
      first = first + SEND_SIZE
    end
    return ok, why
  end

  local function send(self, head, body)
    local left = self.deadline - monotonic()
    if left <= 0 then return self:timed_out("a connection to") end
    self.sent = true
    local ok, why = send_all(self, head, body, left)
    if ok then return true end
    if why == "timeout" then return self:timed_out("sending to") end
    self.stale = self.reused
    return self:failed("network", format("%s broke the connection (%s) while it was sent to", self.shown, why))
  end

  local function receive(self)
    local reader = self.reader
    local got = false
    while true do
      local left = self.deadline - monotonic()
      if left <= 0 then return self:timed_out("the response of") end
      local bytes, why = receive_bytes(self, left)
      if bytes then
        got = true
        local done, problem = reader:feed(bytes)
        if done then return true end
        if problem then return decode_error(self, problem) end
      elseif why == "timeout" then
        return self:timed_out("the response of")
      elseif why == "closed" and got and reader:eof() then -- a response without a length ends here
        return true
      else
        return closed_error(self, got, why)
      end
    end
  end

  local function attempt(self, req, head, now, new_only)
    self.reader:reset(req.method, req.max_head or limits.head, req.max_body or limits.body)
    local left = self.deadline - now
    if left <= 0 then return self:timed_out("a connection to") end
    local ok, err = connect(self, now, min(self.connect_seconds, left), new_only)
    if not ok then return nil, err end
    ok, err = send(self, head, req.body)
    if not ok then return nil, err end
    ok, err = receive(self)
    return ok, err
  end

  --- Sends a request and reads its response. A request that a kept connection lost without a response is sent once
  -- more, on a new one, if its method is idempotent and `req.once` is not set.
  -- @tparam table origin what `connect` needs, as `self.origin`; with `shown`, its name in messages
  -- @tparam table req as the runtime's request takes it
  -- @tparam string head
  -- @treturn[1] table res
  -- @treturn[2] nil
  -- @treturn[2] table err
  local function run(origin, req, head)
    local started = monotonic()
    local self = take(origin, req, started)
    local ok, err = attempt(self, req, head, started, false)
    if not ok and self.may_resend and self.stale then
      close(self)
      self.stale = false
      ok, err = attempt(self, req, head, monotonic(), true)
    end
    if not ok then
      close(self)
      give_back(self, nil)
      return nil, err
    end
    local status, headers, body, reusable = self.reader:response()
    local reused, ended = self.reused, monotonic()
    finish(self, reusable, ended)
    give_back(self, #body)
    return { status = status, headers = headers, body = body, reused = reused, elapsed = ended - started }
  end
  return run
end

--- What failed before anything was sent.
-- @tparam string message
-- @treturn nil
-- @treturn table err
function exchange.refuse(message)
  return nil, errors.new { kind = "invalid", sent = false, connected = false, head = false, message = message }
end

return exchange
