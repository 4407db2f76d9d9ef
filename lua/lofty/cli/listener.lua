-- SPDX-License-Identifier: MIT

--- Receives the redirect of an OAuth login on a loopback address (RFC 8252, section 7.3).
-- @module lofty.cli.listener

local listener = {}

-- The most bytes and seconds for one request.
local MAX_REQUEST, REQUEST_TIMEOUT = 16384, 5

local PAGE = [[
<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>lofty</title><p>%s</p></html>
]]

--- The port and the path of a redirect address that this machine can listen on.
-- @tparam string redirect_uri
-- @treturn ?number port; nil unless the address is http://127.0.0.1:PORT
-- @treturn ?string path
function listener.address(redirect_uri)
  local port, path = redirect_uri:match "^http://127%.0%.0%.1:(%d+)(.*)$"
  port = port and tonumber(port)
  if not port or port < 1 or port > 65535 then return nil end
  path = path:match "^[^?#]*"
  return port, path == "" and "/" or path
end

local function respond(connection, status, text)
  local body = PAGE:format(text)
  local head = "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
    .. "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
  connection:send(head:format(status, #body) .. body)
end

-- The target of one request, or nil. Reads to the end of the request's head: closing a connection with unread bytes
-- resets it, and the browser would not show the response.
local function read_target(connection)
  connection:settimeout(REQUEST_TIMEOUT, "t")
  local target, size = nil, 0
  repeat
    local line = connection:receive "*l"
    if not line then return nil end
    size = size + #line
    target = target or line:match "^GET (%S+) HTTP/1%.[01]$" or ""
  until line == "" or size > MAX_REQUEST
  return target
end

--- Waits for the redirect.
-- @tparam string redirect_uri
-- @tparam number seconds to wait
-- @tparam function accept called with the query of a request to the redirect's path; true when it belongs to this login
-- @tparam[opt] function ready called once when connections are accepted
-- @treturn[1] string the query that was accepted
-- @treturn[2] nil
-- @treturn[2] string why there is none
function listener.wait(redirect_uri, seconds, accept, ready)
  local socket = require "socket"
  local port, path = listener.address(redirect_uri)
  local server, why = socket.bind("127.0.0.1", port)
  if not server then return nil, ("cannot listen on 127.0.0.1:%d: %s"):format(port, why) end
  if ready then ready() end
  local ends = socket.gettime() + seconds
  while true do
    local left = ends - socket.gettime()
    -- Short waits, so that Ctrl-C is noticed: luasocket continues after a signal.
    server:settimeout(math.max(0, math.min(left, 0.5)))
    local connection = server:accept()
    if connection then
      local target = read_target(connection)
      local query = target and target:sub(1, #path + 1) == path .. "?" and target:sub(#path + 2)
      local accepted = query and accept(query)
      if accepted then
        respond(connection, "200 OK", "You can close this window and return to the terminal.")
      elseif target then
        respond(connection, "404 Not Found", "This address only receives the redirect of a login.")
      end
      connection:close()
      if accepted then
        server:close()
        return query
      end
    elseif left <= 0 then
      server:close()
      return nil, ("no redirect to %s came within %d s"):format(redirect_uri, seconds)
    end
  end
end

return listener
