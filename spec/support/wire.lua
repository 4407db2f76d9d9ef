-- SPDX-License-Identifier: MIT

--- A server with scripted faults: a real nginx whose handlers send arbitrary bytes, close the connection,
-- stall, or read a second request on a connection without a response.
--
--     local wire = require("spec.support.wire").start{ tls = true }
--     local url = wire:raw("cut", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab") ]])
--     wire:notes("cut")          -- the lines that the script has noted
--     wire:stop()
--
-- A raw script runs once per connection, after the head of its first request, with these variables:
-- `send(bytes)`; `read()` reads the body of a request, or the next whole request, and returns its request line
-- (nil when the client has closed); `note(text)`; `gone()` waits until the client has closed; `sock`.
-- When it returns the connection is closed. A script of `wire:lua` is an ordinary content handler.
-- @module spec.support.wire

local errors = require "lofty.errors"
local nginx = require "lofty.sandbox.nginx"

local format, gsub = string.format, string.gsub

local Wire = {}
Wire.__index = Wire

-- Comes before each raw script. nginx has read the head of the first request.
local PRELUDE = [[
local folder, name = ...
local length = tonumber(ngx.var.http_content_length)
local sock, problem = ngx.req.socket(true)
if not sock then error(problem) end
sock:settimeout(10000)
local function note(text)
  local file = assert(io.open(folder .. "/" .. name .. ".notes", "ab"))
  file:write(text, "\n")
  file:close()
end
local function send(bytes) return sock:send(bytes) end
local first = true
local function read()
  local line
  if first then
    first, line = false, ngx.var.request
  else
    local text
    line, length = nil, nil
    repeat
      text = sock:receive("*l")
      if not text then return nil end
      line = line or text
      length = length or tonumber(text:lower():match("^content%-length: *(%d+)"))
    until text == ""
  end
  if length and length > 0 then sock:receive(length) end
  return line
end
local function gone()
  while sock:receive(1) do end
end
]]

local CONF = [[
worker_processes 1;
events { worker_connections 512; }
http {
  lua_code_cache on;
  keepalive_requests 100000;
  client_max_body_size 64m;
  lua_package_path ";;";
  @SERVERS@
}
]]

local SERVER = [[
  server {
    listen 127.0.0.1:@LISTEN@;
    @TLS@
    location /raw/ {
      content_by_lua_block {
        local name = ngx.var.uri:match("^/raw/([%w_-]+)")
        assert(loadfile("@FOLDER@/" .. name .. ".lua"))("@FOLDER@", name)
        ngx.exit(444)
      }
    }
    location /lua/ {
      client_body_buffer_size 1m;
      content_by_lua_block {
        local name = ngx.var.uri:match("^/lua/([%w_-]+)")
        assert(loadfile("@FOLDER@/" .. name .. ".lua"))("@FOLDER@", name)
      }
    }
  }
]]

local TLS = [[
    ssl_certificate @FOLDER@/%s.pem;
    ssl_certificate_key @FOLDER@/key.pem;
    ssl_protocols %s;
    %s
]]

-- name of the server -> certificate, protocols, more
local TLS_SERVERS = {
  { "tls", "good", "TLSv1.2 TLSv1.3", "" },
  { "h2", "good", "TLSv1.2 TLSv1.3", "" },
  { "untrusted", "stranger", "TLSv1.2 TLSv1.3", "" },
  { "wrong_name", "elsewhere", "TLSv1.2 TLSv1.3", "" },
  { "expired", "expired", "TLSv1.2 TLSv1.3", "" },
  { "old", "good", "TLSv1 TLSv1.1", "ssl_ciphers DEFAULT@SECLEVEL=0;" },
}

-- A temporary CA, a key, and certificates: valid, for another name, expired; and a self-signed one.
local CERTIFICATES = [[
set -e; cd "$1"
new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $new -keyout ca-key.pem -out ca.pem -days 2 -subj "/CN=temporary CA"
openssl req $new -keyout key.pem -out good.csr -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"
openssl req -new -key key.pem -out elsewhere.csr -subj "/CN=elsewhere.invalid" -addext "subjectAltName=DNS:elsewhere.invalid"
sign="openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -copy_extensions copy"
$sign -in good.csr -days 2 -out good.pem
$sign -in elsewhere.csr -days 2 -out elsewhere.pem
# (openssl x509 takes no end date in the past: -days -1 is refused since 3.5, -not_after came in 3.4.)
mkdir ca; : >ca/index
printf '[ca]\ndefault_ca=c\n[c]\ndatabase=ca/index\nnew_certs_dir=ca\ndefault_md=sha256\npolicy=p\n' >ca/conf
printf 'copy_extensions=copy\nrand_serial=yes\n[p]\ncommonName=supplied\n' >>ca/conf
openssl ca -batch -notext -config ca/conf -cert ca.pem -keyfile ca-key.pem -in good.csr -out expired.pem \
  -startdate 20200101000000Z -enddate 20200102000000Z
openssl req -x509 -key key.pem -out stranger.pem -days 2 -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"
echo made
]]

local function fill(text, values)
  return (gsub(text, "@(%u+)@", function(name) return values[name] end))
end

local function configuration(ports, folder, tls)
  local servers = { fill(SERVER, { LISTEN = tostring(ports[1]), FOLDER = folder, TLS = "" }) }
  if tls then
    local said = nginx.shell(format("sh -c %s certificates %s 2>&1", nginx.quote(CERTIFICATES), nginx.quote(folder)))
    assert(said:find("made%s*$"), said)
    for i, server in ipairs(TLS_SERVERS) do
      local lines = fill(format(TLS, server[2], server[3], server[4]), { FOLDER = folder, SECLEVEL = "@SECLEVEL" })
      local listen = ports[1 + i] .. " ssl" .. (server[1] == "h2" and " http2" or "")
      servers[#servers + 1] = fill(SERVER, { LISTEN = listen, FOLDER = folder, TLS = lines })
    end
  end
  return fill(CONF, { SERVERS = table.concat(servers) })
end

function Wire:script(kind, name, code, server)
  nginx.write(self.server.folder .. "/" .. name .. ".lua", kind == "raw" and PRELUDE .. code or "local folder, name = ...\n" .. code)
  return (self.urls[server or "plain"] or error("no such server: " .. server)) .. "/" .. kind .. "/" .. name
end

--- Installs a raw script and returns its URL.
-- @tparam string name letters, digits, "_" and "-"
-- @tparam string code
-- @tparam[opt="plain"] string server plain, tls, h2, untrusted, wrong_name, expired or old (TLS 1.1)
function Wire:raw(name, code, server)
  local url = self:script("raw", name, code, server)
  return url
end

--- Installs a content handler and returns its URL.
function Wire:lua(name, code, server)
  local url = self:script("lua", name, code, server)
  return url
end

--- The lines that a script has noted so far.
-- @treturn {string,...}
function Wire:notes(name)
  local notes = {}
  for line in nginx.contents(self.server.folder .. "/" .. name .. ".notes"):gmatch("([^\n]*)\n") do
    notes[#notes + 1] = line
  end
  return notes
end

--- Waits until a script has noted `count` lines and returns them; raises after some seconds.
function Wire:wait_notes(name, count)
  for _ = 1, 500 do
    local notes = self:notes(name)
    if #notes >= count then return notes end
    nginx.shell("sleep 0.01")
  end
  error(format("%s has noted %d lines, not %d; nginx says:\n%s", name, #self:notes(name), count, self.server:log()), 2)
end

--- Waits until the server holds no open connection on the port of this URL.
function Wire:closed(url) -- luacheck: no self
  local port = format(":%04X", tonumber(url:match(":(%d+)/")))
  for _ = 1, 500 do
    local open = false
    for at, state in nginx.contents("/proc/net/tcp"):gmatch("%d+: %x+(:%x+) %x+:%x+ (%x+)") do
      if at == port and state == "01" then open = true end
    end
    if not open then return end
    nginx.shell("sleep 0.01")
  end
  error("the server's connections stay open", 2)
end

--- A GET request, trusting the CA of the TLS servers.
-- @tparam table runtime
-- @tparam string url
-- @tparam[opt] table more fields of the request that replace the defaults
-- @return as runtime:request
function Wire:request(runtime, url, more)
  local req = { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 }, ca = self.ca }
  for name, value in pairs(more or {}) do req[name] = value end
  return runtime:request(req)
end

--- The fixture of spec/contracts/runtime.lua for a runtime.
function Wire:contract_fixture(runtime)
  return {
    runtime = runtime,
    hello = self:lua("hello", "ngx.header['X-Two'] = { 'a', 'b' }; ngx.print('hello')"),
    cut = self:raw("cut", ""),
    refused = format("http://127.0.0.1:%d/", nginx.free_ports(1)[1]),
  }
end

function Wire:stop()
  self.server:stop()
end

--- Starts the server.
-- @tparam[opt] table opt `tls = true`: the TLS servers too
-- @treturn table wire: urls (by name of the server), ca (path of the CA's certificate, with `tls`)
local function start(opt)
  local tls = opt and opt.tls
  local server = nginx.start {
    ports = tls and 1 + #TLS_SERVERS or 1,
    conf = function(ports, folder) return configuration(ports, folder, tls) end,
  }
  local urls = { plain = format("http://127.0.0.1:%d", server.ports[1]) }
  if tls then
    for i, entry in ipairs(TLS_SERVERS) do urls[entry[1]] = format("https://127.0.0.1:%d", server.ports[1 + i]) end
  end
  return setmetatable({ server = server, urls = urls, ca = tls and server.folder .. "/ca.pem" or nil }, Wire)
end

--- The code of a raw script that responds 200 with a body.
local function plain_response(body)
  return format("send('HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s')", #body, body)
end

--- Asserts that a request failed with an err of this kind, and returns the err.
--     refused("network", runtime:request(...))
local function refused(kind, res, err)
  assert(res == nil, "a response came")
  assert(errors.is(err), "not an err: " .. tostring(err))
  assert(err.kind == kind, tostring(err))
  for _, name in ipairs { "sent", "connected", "head" } do assert(type(err[name]) == "boolean", name) end
  assert(not err.message:find "[\r\n]", err.message)
  return err
end

return { start = start, plain_response = plain_response, refused = refused }
