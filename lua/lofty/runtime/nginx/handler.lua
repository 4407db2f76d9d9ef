-- SPDX-License-Identifier: MIT

--- Makes an nginx content handler from a function that does not depend on nginx.
-- @module lofty.runtime.nginx.handler

local ngx = ngx -- luacheck: globals ngx
local detach = require "lofty.runtime.nginx.detach"

local open, pairs = io.open, pairs
local log, ERR = ngx.log, ngx.ERR

-- The request's body as a string; nil when it can't be read. nginx bounds it by client_max_body_size, and keeps what is
-- larger than client_body_buffer_size in a file, of which no more than `most` bytes are read.
local function read_body(most)
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local path = ngx.req.get_body_file()
  if not path then return "" end
  local file, why = open(path, "rb")
  if not file then
    -- From a timer: in a request nginx would log its address too, and with it the secret of a webhook.
    detach.later(log, ERR, "lofty: a request's body can't be read: ", why)
    return nil
  end
  body = file:read(most or "*a")
  file:close()
  return body
end

local MAX_WAIT = 60 -- seconds that the sender of a webhook is kept waiting at most

local function wait(fn, ...)
  return detach.call(MAX_WAIT, fn, ...)
end

local function pause() ngx.sleep(0.001) end -- nginx may log a warning about a sleep of 0

--- Makes a content handler: reads the request, calls `respond` and sends what it returns.
-- @tparam function respond (request) -> status, body|nil, headers|nil. The request has `method`; `path`, as it came,
--   without the query; `query`; `headers`, names in lower case; `body`, a function that returns the body, or at most
--   `most` bytes of it if it is called with that number;
--   `later(fn, ...)`, which calls fn(...) after the response was sent, and returns false when the queue is full;
--   `wait(fn, ...)`, which calls fn(...) so that a client that disconnects can't stop it, and returns its results, or
--   nil, err after 60 s; `pause()`, which lets the worker process serve other requests
-- @treturn function for content_by_lua: `location ~ ^/hook/ { content_by_lua_block { hook() } }`; called with a
--   request table of the caller's own it passes that to respond and returns what respond returns
return function(respond)
  return function(request)
    if request ~= nil then return respond(request) end
    local var = ngx.var
    local status, body, headers = respond {
      method = ngx.req.get_method(), path = (var.request_uri or var.uri):match("^[^?]*"), query = var.args,
      headers = ngx.req.get_headers(), body = read_body, later = detach.later,
      wait = wait, pause = pause,
    }
    ngx.status = status
    for name, value in pairs(headers or {}) do ngx.header[name] = value end
    body = body or ""
    ngx.header["Content-Length"] = #body
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
  end
end
