-- SPDX-License-Identifier: MIT

--- The upstream's locations, which answer as the query says. Runs inside nginx.
-- @module spec.support.nginx.upstream

local ngx = ngx -- luacheck: globals ngx
local cjson = require "cjson"

local upstream = {}

local dict = ngx.shared.upstream

local function seen(name) return dict:incr("seen:" .. name, 1, 0) end

--- Answers what arrived, and over which connection, as JSON.
function upstream.echo()
  ngx.req.read_body()
  local var = ngx.var
  ngx.header["X-Two"] = { "a", "b" }
  local body = cjson.encode {
    head = ngx.req.raw_header(), body = ngx.req.get_body_data() or "", connection = var.connection,
    requests = var.connection_requests, sni = var.ssl_server_name, resumed = var.ssl_session_reused,
    protocol = var.ssl_protocol,
  }
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

--- Sends `reply` as it stands, then `fill` times an "x", then closes. With `drip` it goes on with a byte every few
-- milliseconds, with `stall` it waits for the client before it closes, with `keep` it reads until the client closes.
function upstream.raw()
  local args = ngx.req.get_uri_args()
  seen(args.name or "raw")
  ngx.req.read_body()
  local socket = assert(ngx.req.socket(true))
  socket:send(args.reply or "")
  for _ = 1, tonumber(args.fill or 0) / 1000 do
    if not socket:send(("x"):rep(1000)) then return end
  end
  while args.drip do
    if not socket:send("x") then return end
    ngx.sleep(0.005)
  end
  if args.stall then socket:receive(1) end
  if args.keep then
    socket:settimeout(5000)
    while socket:receive() do end
  end
end

--- Answers "hello", as the contract of runtimes wants it.
function upstream.hello()
  ngx.header["X-Two"] = { "a", "b" }
  ngx.header["Content-Length"] = 5
  ngx.print("hello")
end

--- Reads the request's body a little at a time, and answers when it has it.
function upstream.slow_reader()
  local socket = assert(ngx.req.socket())
  while socket:receiveany(4096) do ngx.sleep(0.01) end
  ngx.say("read")
end

--- Answers the first request of a connection; counts a later one and closes the connection without a response.
function upstream.once()
  local name = ngx.req.get_uri_args().name
  ngx.req.read_body()
  local count = seen(name)
  if tonumber(ngx.var.connection_requests) > 1 then return ngx.exit(444) end
  local body = tostring(count)
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

--- Answers only after a request for /release?name=.
function upstream.hold()
  local name = ngx.req.get_uri_args().name
  seen(name)
  repeat ngx.sleep(0.002) until dict:get("released:" .. name)
  ngx.say("released")
end

--- Lets the requests that wait at /hold?name= go on, once there are `count` of them; with `peek` only waits for them.
function upstream.release()
  local args = ngx.req.get_uri_args()
  local count = tonumber(args.count or 1)
  while (dict:get("seen:" .. args.name) or 0) < count do ngx.sleep(0.002) end
  if not args.peek then dict:set("released:" .. args.name, true) end
  ngx.say("ok")
end

--- How many requests arrived under a name.
function upstream.count()
  ngx.print(dict:get("seen:" .. ngx.req.get_uri_args().name) or 0)
end

--- Answers `size` bytes of text.
function upstream.large()
  ngx.header["Content-Type"] = "text/plain"
  local size = tonumber(ngx.req.get_uri_args().size)
  ngx.print(("0123456789"):rep(size / 10))
end

return upstream
