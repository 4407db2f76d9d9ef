-- SPDX-License-Identifier: MIT

--- Starts a redis-server on loopback for a spec, stops and restarts it, and removes its files.
--
-- The server is the child of a shell whose standard input is a pipe from this process: closing the pipe ends the
-- server, and so does the death of this process, however it dies.
-- @module spec.support.redis

local nginx = require "lofty.sandbox.nginx"

local format = string.format
local redis = {}

local ATTEMPTS = 8

-- $1 is the server's folder. Answers each order on the fifo: "up PID", "down" or "failed". Pings log in: without the
-- password they would be refused alike while the server still loads its data and when it is ready.
local KEEPER = [[
unset LD_PRELOAD
cd "$1" && exec 2>>"$1/output" || exit 1
[ ! -s password ] || export REDISCLI_AUTH="$(cat password)"
up() {
  redis-server "$1/redis.conf" </dev/null >>"$1/output" 2>&1 &
  pid=$!
  left=1000
  until redis-cli -s "$1/socket" ping 2>/dev/null | grep -q PONG; do
    left=$((left - 1))
    if [ $left = 0 ] || ! kill -0 $pid 2>/dev/null; then
      kill -KILL $pid 2>/dev/null; wait $pid; pid=; echo failed >"$1/ready"; return
    fi
    sleep 0.01
  done
  echo "up $pid" >"$1/ready"
}
down() { [ -n "$pid" ] && kill -$1 $pid 2>/dev/null && wait $pid; pid=; }
up "$1"
while read -r word; do
  case $word in
    down) down TERM; echo down >"$1/ready" ;;
    kill) down KILL; echo down >"$1/ready" ;;
    up) up "$1" ;;
    *) break ;;
  esac
done
down TERM
rm -rf "$1"
]]

local Server = {}
Server.__index = Server

local function answer(folder)
  local ready = assert(io.open(folder .. "/ready", "rb"))
  local said = ready:read("*a")
  ready:close()
  return said
end

local function order(self, word)
  self.pipe:write(word, "\n")
  self.pipe:flush()
  return answer(self.folder)
end

--- Ends the server with SIGTERM; it writes its data to disk.
function Server:down() order(self, "down") end

--- Ends the server with kill -9.
function Server:kill() order(self, "kill") end

--- Starts it again, at the same address and with the same data.
function Server:up()
  local said = order(self, "up")
  self.pid = assert(tonumber(said:match("^up (%d+)")), "redis-server did not come up again")
end

--- Stops the server, waits for its end and removes its folder. May be called twice.
function Server:stop()
  local pipe = self.pipe
  if not pipe then return end
  self.pipe = nil
  pipe:write("stop\n")
  pipe:close()
end

--- Returns what redis-cli prints for a command.
-- @tparam string words as a shell takes them
function Server:cli(words)
  local login = self.password and "--no-auth-warning -a " .. nginx.quote(self.password) .. " " or ""
  return nginx.shell("redis-cli -s " .. self.folder .. "/socket " .. login .. words)
end

-- A CA, a certificate of it for localhost and 127.0.0.1, one for a client, and another CA.
local CERTIFICATES = [[
set -e; cd "$1"
new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
for ca in ca other; do openssl req -x509 $new -keyout $ca-key.pem -out $ca.pem -days 2 -subj "/CN=throw-away $ca"; done
openssl req $new -keyout key.pem -out server.csr -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"
openssl req $new -keyout client-key.pem -out client.csr -subj "/CN=client"
for name in server client; do
  openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -copy_extensions copy \
    -in $name.csr -days 2 -out $name.pem
done
]]

local function tls_lines(folder, port, clients)
  nginx.write(folder .. "/certificates", CERTIFICATES)
  nginx.shell(format("sh %s/certificates %s >%s/output 2>&1", folder, folder, folder))
  return format("tls-port %d\ntls-cert-file %s/server.pem\ntls-key-file %s/key.pem\ntls-ca-cert-file %s/ca.pem\n"
    .. "tls-auth-clients %s", port, folder, folder, folder, clients and "yes" or "no")
end

local function attempt(opt)
  local folder = nginx.shell('d=$(mktemp -d "${TMPDIR:-/tmp}/lofty-redis.XXXXXX") && mkfifo "$d/ready" && echo "$d"')
  assert(folder ~= "", "redis: no temporary folder could be made")
  local ports = nginx.free_ports(2)
  local port = ports[1]
  nginx.write(folder .. "/redis.conf", table.concat({
    "bind 127.0.0.1", "port " .. port, "unixsocket " .. folder .. "/socket", "dir " .. folder,
    "daemonize no", 'save ""', "appendonly yes", "appendfsync no", "databases 16",
    opt.tls and tls_lines(folder, ports[2], opt.tls == "client") or "",
    opt.password and 'requirepass "' .. opt.password .. '"' or "", opt.conf or "",
  }, "\n") .. "\n")
  nginx.write(folder .. "/password", opt.password or "")
  local pipe = assert(io.popen("sh -c " .. nginx.quote(KEEPER) .. " keeper " .. nginx.quote(folder), "w"))
  local pid = tonumber(answer(folder):match("^up (%d+)"))
  if pid then
    return setmetatable({
      folder = folder, port = port, tls_port = ports[2], socket = folder .. "/socket", pid = pid, pipe = pipe, password = opt.password,
    }, Server)
  end
  local why = nginx.contents(folder .. "/output")
  pipe:close()
  return nil, why
end

--- Starts a server and returns once it answers.
--     local server = redis.start{ password = "...", conf = "maxmemory 1mb" }
--     server.port, server.socket, server.pid, server:down(), server:kill(), server:up(), server:stop()
-- With `tls` true, or "client" where clients need a certificate, server.tls_port speaks TLS and server.folder has ca.pem,
-- other.pem (another CA), client.pem and client-key.pem.
-- @tparam[opt] table opt
-- @treturn table the server; raises with its own messages when it cannot start
function redis.start(opt)
  local why
  for _ = 1, ATTEMPTS do
    local server
    server, why = attempt(opt or {})
    if server then return server end
    if not why:find("Address already in use", 1, true) then break end
  end
  error("redis-server did not start:\n" .. why, 2)
end

-- $1 is the folder; each further argument has the replies for one connection, \30 between them. A reply that begins with
-- "~" is sent byte by byte. After the last reply the connection is closed.
local SCRIPTED = [[
use strict; use IO::Socket::UNIX;
my ($folder, @connections) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => "$folder/socket", Listen => 16) or die $!;
my $server = fork;
if ($server) {
  open(my $ready, ">", "$folder/ready") or die $!;
  print $ready "up $$";
  close $ready;
  my $line = <STDIN>; # until the pipe is closed
  kill "KILL", -$server;
  system("rm", "-rf", $folder);
  exit;
}
setpgrp; $SIG{CHLD} = "IGNORE";
for (my $number = 0; my $socket = $listener->accept; $number++) {
  next if fork;
  my $replies = $number < @connections ? $connections[$number] : $connections[-1];
  for my $reply (split /\x1e/, $replies) {
    last unless sysread($socket, my $command, 65536);
    my $trickle = $reply =~ s/^~//;
    for my $part ($trickle ? split(//, $reply) : $reply) {
      exit unless syswrite($socket, $part);
      select(undef, undef, undef, 0.01) if $trickle;
    }
  }
  exit;
}
]]

--- Starts a server that sends given replies, whatever it is asked.
-- @tparam {{string,...},...} connections the replies of each connection, in the order in which they are opened; further
--   ones get those of the last
-- @treturn table server: `url`, `stop()`
function redis.scripted(connections)
  local folder = nginx.shell('d=$(mktemp -d "${TMPDIR:-/tmp}/lofty-redis.XXXXXX") && mkfifo "$d/ready" && echo "$d"')
  assert(folder ~= "", "redis: no temporary folder could be made")
  nginx.write(folder .. "/server.pl", SCRIPTED)
  local words = { "unset LD_PRELOAD; exec perl", nginx.quote(folder .. "/server.pl"), nginx.quote(folder) }
  for _, replies in ipairs(connections) do words[#words + 1] = nginx.quote(table.concat(replies, "\30")) end
  local pipe = assert(io.popen(table.concat(words, " "), "w"))
  assert(answer(folder):find("^up"), "redis: the scripted server did not start")
  return setmetatable({ url = "unix://" .. folder .. "/socket", pipe = pipe }, Server)
end

return redis
