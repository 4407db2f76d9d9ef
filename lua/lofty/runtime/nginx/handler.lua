--- Lets a function of a request, which knows nothing of nginx, serve a location.
-- @module lofty.runtime.nginx.handler

local ngx = ngx -- luacheck: globals ngx
local detach = require "lofty.runtime.nginx.detach"

local open, pairs = io.open, pairs
local log, ERR = ngx.log, ngx.ERR

-- The request's body as a string, or nil. What the location's client_max_body_size lets in; beyond
-- client_body_buffer_size nginx keeps it in a file.
local function read_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local path = ngx.req.get_body_file()
  if not path then return "" end
  local file, why = open(path, "rb")
  if not file then
    -- Not in the request: nginx would add its first line, and with it the secret of a webhook.
    detach.later(log, ERR, "lofty: a request's body can't be read: ", why)
    return nil
  end
  body = file:read("*a")
  file:close()
  return body
end

-- In seconds; whoever sends a webhook does not wait longer either.
local MAX_WAIT = 60

local function wait(fn, ...)
  return detach.call(MAX_WAIT, fn, ...)
end

local function pause() ngx.sleep(0) end

--- Makes a content handler: reads the request, asks `respond` and sends what it answers.
-- @tparam function respond (request) -> status, body|nil, headers|nil. The request: `method`; `path`, as it
--   came, without the query; `query`; `headers`, names in lower case; `body`, a function that returns it;
--   `later(fn, ...)`, which calls fn(...) once the answer is out and returns false when there is no room;
--   `wait(fn, ...)`, which calls fn(...) where a client that goes away can't stop it, waits for its results for up to
--   60 s and then gives nil, err; `pause()`, which lets the worker serve other requests
-- @treturn function for content_by_lua: `location ~ ^/hook/ { content_by_lua_block { hook() } }`; called
--   with a request of the caller's own it hands that on to respond
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
