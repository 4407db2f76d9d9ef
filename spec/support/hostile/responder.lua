-- SPDX-License-Identifier: MIT

--- The hostile server's handler: sends the answers of spec/support/hostile/answers.lua. Runs inside nginx.
--
-- A request for /INDEX/…/pong gets the JSON text "pong"; any other request below /INDEX/ gets that answer. The functions
-- of a `connection`, which an answer's `serve` gets:
--
--     send(bytes)  returns a true value unless the client has closed
--     wait()       until the client closes
--     sleep(seconds)
--     reset()      makes the connection end with RST
--     cut()        ends the connection now, over TLS without close_notify
--     notify()     makes the connection end with close_notify; the others end without
--     bomb()       gzip that expands to 64 MiB
--     count        how many requests for this answer came with this method, this one included
-- @module spec.support.hostile.responder

local ngx = ngx -- luacheck: globals ngx
local answers = require "spec.support.hostile.answers"
local ffi = require "ffi"

local C = ffi.C

local responder = {}

local PONG = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"pong"'
local PATIENCE = 10000 -- milliseconds; no call of the suite allows as much

local seen = ngx.shared.seen

ffi.cdef [[
typedef struct { uint16_t family; uint8_t port[2]; uint8_t rest[124]; } hostile_address;
int getpeername(int fd, hostile_address *address, unsigned *size);
int getsockname(int fd, hostile_address *address, unsigned *size);
int setsockopt(int fd, int level, int name, const void *value, unsigned size);
int shutdown(int fd, int how);
]]
local SOL_SOCKET, SO_LINGER, SHUT_RDWR = 1, 13, 2

local function port_of(get, fd)
  local address, size = ffi.new "hostile_address", ffi.new("unsigned[1]", 128)
  return get(fd, address, size) == 0 and address.port[0] * 256 + address.port[1]
end

-- The descriptor of the connection that this request came over.
local function descriptor()
  local remote, own = tonumber(ngx.var.remote_port), tonumber(ngx.var.server_port)
  for fd = 3, 1023 do
    if port_of(C.getpeername, fd) == remote and port_of(C.getsockname, fd) == own then return fd end
  end
  error "the connection has no descriptor"
end

local function connect(socket, index, count)
  local connection = { count = count, sleep = ngx.sleep }
  function connection.send(bytes)
    if bytes == "" then return true end
    local sent = socket:send(bytes)
    if sent then seen:incr(index .. "bytes", sent, 0) end
    return sent
  end
  function connection.wait()
    while socket:receive(1) do end
  end
  function connection.reset() C.setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, ffi.new("int[2]", 1, 0), 8) end
  function connection.cut() C.shutdown(descriptor(), SHUT_RDWR) end
  function connection.notify() ngx.ctx.notify = true end
  function connection.bomb()
    local file = assert(io.open(ngx.config.prefix() .. "bomb.gz", "rb"))
    local bytes = file:read "*a"
    file:close()
    return bytes
  end
  return connection
end

-- Sends the answer; true when the connection may carry another request.
local function serve(socket, entry, method)
  local index = tostring(entry.index)
  local connection = connect(socket, index, seen:incr(index .. method, 1, 0))
  seen:incr(index .. "active", 1, 0)
  local ok, why = true, nil
  if entry.serve then ok, why = pcall(entry.serve, connection) else connection.send(entry.send) end
  seen:incr(index .. "active", -1, 0)
  if not ok then ngx.log(ngx.ERR, why) end
  return entry.keep
end

-- Reads the head of a further request: its first line and the length of its body.
local function read_head(socket)
  local line, length
  repeat
    local text = socket:receive "*l"
    if not text then return nil end
    line = line or text
    length = length or tonumber(text:lower():match "^content%-length: *(%d+)")
  until text == ""
  return line, length
end

--- The content handler.
function responder.answer()
  local line, length = ngx.var.request, tonumber(ngx.var.http_content_length)
  local socket = assert(ngx.req.socket(true))
  socket:settimeout(PATIENCE)
  repeat
    if length and length > 0 and not socket:receive(length) then break end
    local method, index, path = line:match "^(%u+) /(%d+)/(%S*)"
    if path:find("pong", 1, true) then
      socket:send(PONG)
    elseif not serve(socket, answers[tonumber(index)], method) then
      break
    end
    line, length = read_head(socket)
  until not line
  if not ngx.ctx.notify then ngx.exit(444) end -- as after a timeout: without close_notify
end

--- Says how many GET and POST requests an answer got and how many bytes were sent, once all its connections are done.
function responder.seen()
  local index = ngx.var.arg_index
  for _ = 1, 2000 do
    if (seen:get(index .. "active") or 0) == 0 then break end
    ngx.sleep(0.005)
  end
  local text = ("%d %d %d %d"):format(seen:get(index .. "GET") or 0, seen:get(index .. "POST") or 0,
    seen:get(index .. "bytes") or 0, seen:get(index .. "active") or 0)
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

--- Forgets what was counted.
function responder.forget()
  seen:flush_all()
  ngx.header["Content-Length"] = 0
end

return responder
