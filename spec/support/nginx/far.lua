--- The far side's locations: they answer as the query says. Runs inside nginx.
-- @module spec.support.nginx.far

local ngx = ngx -- luacheck: globals ngx
local cjson = require "cjson"

local far = {}

local dict = ngx.shared.far

local function seen(name) return dict:incr("seen:" .. name, 1, 0) end

--- Tells what arrived, and over which connection.
function far.echo()
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

--- Sends `reply` byte by byte as it stands, then `fill` times an "x", then closes; with `stall` it does not
-- close, with `drip` it goes on with a byte every few milliseconds.
function far.raw()
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
function far.hello()
  ngx.header["X-Two"] = { "a", "b" }
  ngx.header["Content-Length"] = 5
  ngx.print("hello")
end

--- Reads the request's body a little at a time, and answers when it has it.
function far.slow_reader()
  local socket = assert(ngx.req.socket())
  while socket:receiveany(4096) do ngx.sleep(0.01) end
  ngx.say("read")
end

--- Answers the first request of a connection, counts a later one and closes without a word.
function far.once()
  local name = ngx.req.get_uri_args().name
  ngx.req.read_body()
  local count = seen(name)
  if tonumber(ngx.var.connection_requests) > 1 then return ngx.exit(444) end
  local body = tostring(count)
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

--- Answers only after /release?name= was asked for.
function far.hold()
  local name = ngx.req.get_uri_args().name
  seen(name)
  repeat ngx.sleep(0.002) until dict:get("released:" .. name)
  ngx.say("released")
end

--- Lets those go on that hold at `name`, once there are `count` of them.
function far.release()
  local args = ngx.req.get_uri_args()
  local count = tonumber(args.count or 1)
  while (dict:get("seen:" .. args.name) or 0) < count do ngx.sleep(0.002) end
  if not args.peek then dict:set("released:" .. args.name, true) end
  ngx.say("ok")
end

--- How many requests arrived under a name.
function far.count()
  ngx.print(dict:get("seen:" .. ngx.req.get_uri_args().name) or 0)
end

--- `size` bytes.
function far.large()
  ngx.header["Content-Type"] = "text/plain"
  local size = tonumber(ngx.req.get_uri_args().size)
  ngx.print(("0123456789"):rep(size / 10))
end

return far
