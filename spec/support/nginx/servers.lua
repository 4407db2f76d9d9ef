-- SPDX-License-Identifier: MIT

--- Two nginx servers for the specs of the nginx runtime: an upstream, which answers as a query says, and a gateway with
-- one worker process, in which the code under test runs.
-- @module spec.support.nginx.servers

local json = require "lofty.sandbox.server.json"
local launcher = require "lofty.sandbox.nginx"
local outside = require "lofty.runtime.curl"

local servers = {}

local ROOT = launcher.shell("pwd")

-- A CA, a certificate that it signed for localhost, and a self-signed one for localhost.
local CERTIFICATES = [[
set -e
cd %s
make() {
  name=$1 subject=$2; shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout $name.key \
    -out $name.pem -subj "/CN=$subject" "$@" 2>errors || { cat errors >&2; exit 1; }
}
make ca "Test CA"
make self_signed localhost -addext subjectAltName=DNS:localhost
make signed localhost -CA ca.pem -CAkey ca.key -addext subjectAltName=DNS:localhost
]]

local UPSTREAM = [[
worker_processes 1;
events { worker_connections 1024; }
http {
  lua_shared_dict upstream 1m;
  lua_socket_log_errors off;
  keepalive_requests 100000;
  client_max_body_size 32m;
  client_body_buffer_size 32m;
  ssl_certificate_key FOLDER/signed.key;
  ssl_certificate FOLDER/signed.pem;
  init_by_lua_block {
    package.path = "ROOT/?.lua;" .. package.path
    upstream = require "spec.support.nginx.upstream"
  }
  server {
    listen 127.0.0.1:PORT1;
    listen 127.0.0.1:PORT2 ssl;
    listen 127.0.0.1:PORT5 ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    location = /echo { content_by_lua_block { upstream.echo() } }
    location = /raw { content_by_lua_block { upstream.raw() } }
    location = /once { content_by_lua_block { upstream.once() } }
    location = /hold { content_by_lua_block { upstream.hold() } }
    location = /release { content_by_lua_block { upstream.release() } }
    location = /count { content_by_lua_block { upstream.count() } }
    location = /gzip { gzip on; gzip_types text/plain; gzip_min_length 1; content_by_lua_block { upstream.large() } }
    location = /hello { content_by_lua_block { upstream.hello() } }
    location = /slow_reader { content_by_lua_block { upstream.slow_reader() } }
    location = /large { content_by_lua_block { upstream.large() } }
  }
  server {
    listen 127.0.0.1:PORT3 ssl;
    ssl_certificate_key FOLDER/self_signed.key;
    ssl_certificate FOLDER/self_signed.pem;
    location = /echo { content_by_lua_block { upstream.echo() } }
  }
  server {
    listen 127.0.0.1:PORT4 ssl;
    ssl_protocols TLSv1.2;
    ssl_session_cache shared:sessions:1m;
    location = /echo { content_by_lua_block { upstream.echo() } }
    location = /large { content_by_lua_block { upstream.large() } }
  }
}
]]

local GATEWAY = [[
worker_processes 1;
worker_shutdown_timeout 20s;
events { worker_connections 2048; }
http {
  lua_package_path "ROOT/?.lua;ROOT/lua/?.lua;ROOT/lua/?/init.lua;;";
  lua_package_cpath "ROOT/build/5.1/?.so;;";
  lua_shared_dict notes 1m;
  lua_socket_log_errors off;
  lua_check_client_abort on;
  lua_ssl_protocols TLSv1.2 TLSv1.3;
  lua_max_running_timers 16;
  client_body_buffer_size 1m;
  client_max_body_size 2m;
  init_by_lua_block { gateway = require "spec.support.nginx.gateway" gateway.init() }
  init_worker_by_lua_block { gateway.init_worker() }
  server {
    listen 127.0.0.1:PORT1;
    location = /ping { content_by_lua_block { gateway.ping() } }
    location = /contract { content_by_lua_block { gateway.contract() } }
    location = /note { content_by_lua_block { gateway.note() } }
    location = /content {
      lua_ssl_trusted_certificate FOLDER/ca.pem;
      content_by_lua_block { gateway.run() }
    }
    location = /untrusting { content_by_lua_block { gateway.run() } }
    location = /trusts_self_signed {
      lua_ssl_trusted_certificate FOLDER/self_signed.pem;
      content_by_lua_block { gateway.run() }
    }
    location = /silent_resolver {
      resolver 127.0.0.1:PORT2 ipv6=off;
      resolver_timeout 60s;
      content_by_lua_block { gateway.run() }
    }
    location = /rewrite { rewrite_by_lua_block { gateway.run() } }
    location = /access { access_by_lua_block { gateway.run() } }
    location = /header_filter { return 200 "."; header_filter_by_lua_block { gateway.keep() } }
    location = /body_filter { return 200 "."; body_filter_by_lua_block { gateway.keep() } }
    location = /log { return 200 "."; log_by_lua_block { gateway.keep() } }
    location = /set { set_by_lua_block $ignored { gateway.keep() return "" } return 200 "."; }
    location = /abandoned { content_by_lua_block { gateway.abandoned() } }
    location = /hook/secret { content_by_lua_block { gateway.hook() } }
  }
  server {
    listen 127.0.0.1:PORT3 ssl;
    ssl_certificate_key FOLDER/signed.key;
    ssl_certificate FOLDER/signed.pem;
    ssl_certificate_by_lua_block { gateway.in_handshake("http://127.0.0.1:UPSTREAM_PORT/hello") }
  }
}
]]

local function fill(text, ports, folder, upstream_port)
  return (text:gsub("UPSTREAM_PORT", upstream_port or "")
    :gsub("PORT(%d)", function(digit) return tostring(ports[tonumber(digit)]) end)
    :gsub("FOLDER", folder):gsub("ROOT", ROOT))
end

--- Percent-encodes all but letters and digits.
function servers.escape(text)
  return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
end

--- A path of the upstream that responds with these bytes as they are.
function servers.raw(reply, more)
  return "/raw?reply=" .. servers.escape(reply) .. (more or "")
end

local names = 0

--- A name that no other request of this process has.
function servers.new_name()
  names = names + 1
  return "n" .. names
end

local Servers = {}
Servers.__index = Servers

--- A request from outside nginx.
-- @treturn number status
-- @treturn string body; or nil, err
function Servers:get(path, opt)
  opt = opt or {}
  local res, err = outside:request {
    method = opt.body and "POST" or "GET", url = (opt.base or self.url) .. path, headers = {}, body = opt.body,
    timeout = { connect = 5, total = opt.total or 30 }, max_head = 65536, max_body = 2 ^ 24,
  }
  if not res then return nil, err end
  return res.status, res.body
end

--- Runs Lua inside the gateway's worker process, where `runtime`, `upstream` (URL), `tls`, `self_signed`, `tls12` (ports) and
-- `arg` (the value given here) are known, and returns what it returns: plain values, through JSON.
-- A runtime's err arrives as a table with its `text` and `class`.
function Servers:run(code, arg, place)
  local body = json.encode {
    code = code, arg = arg, upstream = self.upstream_url, tls = self.tls, self_signed = self.self_signed,
    tls12 = self.tls12, untried = self.untried, handshake = self.handshake,
  }
  local status, answer = self:get(place or "/content", { body = body })
  if status ~= 200 then error("gateway: " .. tostring(status) .. " " .. tostring(answer) .. self.gateway:log(), 2) end
  local results = json.decode(answer)
  if results.raised then error(results.raised, 2) end
  local values = {}
  for i = 1, results.n do
    local value = results[tostring(i)]
    if value ~= json.null then values[i] = value end
  end
  return (table.unpack or unpack)(values, 1, results.n) -- luacheck: std max
end

--- How many requests the upstream has counted under a name.
function Servers:count(name)
  return tonumber((select(2, self:get("/count?name=" .. name, { base = self.upstream_url }))))
end

--- Lets `expected` (1) requests go that the upstream holds under a name.
function Servers:release(name, expected)
  local status = self:get("/release?name=" .. name .. "&count=" .. (expected or 1), { base = self.upstream_url })
  assert(status == 200, "nothing was released: " .. tostring(status))
end

--- What code kept under a name in the gateway's shared dict; waits until it is there.
function Servers:note(name)
  local status, text = self:get("/note?name=" .. name)
  assert(status == 200, "no note " .. name .. ": " .. tostring(text))
  return text
end

-- Hands bytes on between a client and a TLS 1.2 server; once the client has sent its request, those of the server go out
-- one by one. Says its port on the standard output; ends with its standard input.
local DRIPPING_PROXY = [[
use strict; use IO::Socket::INET; use IO::Select;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die;
$| = 1; print $listener->sockport, "\n";
my $dripping = 0;
my $select = IO::Select->new($listener, \*STDIN);
my ($client, $server);
while (1) {
  for my $socket ($select->can_read) {
    exit if $socket == \*STDIN;
    if ($socket == $listener) {
      $client = $listener->accept;
      $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die;
      $select->add($client, $server);
      next;
    }
    my $bytes;
    exit unless sysread($socket, $bytes, $socket == $server && $dripping ? 1 : 65536);
    $dripping ||= $socket == $client && ord($bytes) == 23; # application data
    syswrite($socket == $client ? $server : $client, $bytes) or exit;
    select(undef, undef, undef, 0.005) if $dripping;
  }
}
]]

-- Starts a Perl script that says a port on its standard output and ends with its standard input.
local function start_script(folder, name, script, argument)
  launcher.write(("%s/%s.pl"):format(folder, name), script)
  local pipe = assert(io.popen(("exec perl %s/%s.pl %s >%s/%s.port"):format(folder, name, argument, folder, name), "w"))
  local found
  repeat found = launcher.contents(("%s/%s.port"):format(folder, name)):match("^(%d+)\n") until found
  return tonumber(found), function() pipe:close() end
end

--- Starts a proxy to a port on which TLS 1.2 is spoken, which hands on the response byte by byte, for one connection.
-- @treturn number its port
-- @treturn function stops it
function Servers:drip(port)
  return start_script(self.upstream.folder, "drip", DRIPPING_PROXY, port)
end

-- Answers a request, and closes the connection when two others fill the listener's queue (Linux admits one more than the
-- backlog). So the kernel drops the packet that asks for the next connection, and the client's sends it again a second
-- later: by then the queue is empty, since a connection that is being made has been seen (state 02, SYN_SENT).
local FULL_SERVER = [[
use strict; use IO::Socket::INET; use IO::Select;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die;
my $port = $listener->sockport;
$| = 1; print "$port\n";
my $input = IO::Select->new(\*STDIN);
my $both = IO::Select->new($listener, \*STDIN);
sub answer {
  for ($both->can_read) { exit if $_ == \*STDIN }
  my $client = $listener->accept;
  my ($head, $bytes) = ("");
  until ($head =~ /\r\n\r\n/) { sysread($client, $bytes, 4096) or return; $head .= $bytes }
  my @fill = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die } 1 .. $_[0];
  syswrite($client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  close($client);
  return @fill;
}
my @fill = answer(2);
my $remote = sprintf(" [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:%04X 02 ", $port);
while (1) {
  open(my $file, "<", "/proc/net/tcp") or die;
  last if grep { /$remote/ } <$file>;
  exit if $input->can_read(0.005);
}
close($listener->accept) for @fill;
answer(0);
]]

--- Starts a server that answers a request and closes its connection. The next connection takes it a second to accept.
-- @treturn number its port
-- @treturn function stops it
function Servers:fill()
  return start_script(self.upstream.folder, "fill", FULL_SERVER, "")
end

--- Stops both; what the gateway logged as an error above `error` fails.
function Servers:stop()
  self.gateway:stop()
  self.upstream:stop()
end

--- Starts both.
-- @treturn table
function servers.start()
  local upstream = launcher.start {
    ports = 5,
    conf = function(ports, folder)
      local failed = launcher.shell("(" .. CERTIFICATES:format(folder) .. ") 2>&1")
      assert(failed == "", failed)
      return fill(UPSTREAM, ports, folder)
    end,
  }
  local gateway = launcher.start {
    ports = 3,
    conf = function(ports) return fill(GATEWAY, ports, upstream.folder, upstream.ports[1]) end,
  }
  return setmetatable({
    upstream = upstream, gateway = gateway, url = "http://127.0.0.1:" .. gateway.ports[1],
    upstream_url = "http://127.0.0.1:" .. upstream.ports[1], tls = upstream.ports[2], self_signed = upstream.ports[3],
    tls12 = upstream.ports[4], untried = upstream.ports[5], handshake = gateway.ports[3],
  }, Servers)
end

return servers
