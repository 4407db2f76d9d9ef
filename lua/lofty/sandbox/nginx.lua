-- SPDX-License-Identifier: MIT

--- Starts a real nginx on loopback, and stops it without leaving a process or a file behind.
--
-- Needs only a shell and nginx: the server is the child of a shell, the keeper, whose standard input is a pipe from
-- this process. The keeper stops the server when the pipe is closed, as it is when this process ends in any way.
-- @module lofty.sandbox.nginx

local misuse = require "lofty.internal.misuse"

local open, popen = io.open, io.popen
local format, concat = string.format, table.concat

local nginx = {}

local MODULES = "/usr/lib/nginx/modules/"
local ATTEMPTS = 8
local FIRST_PORT, LAST_PORT = 12000, 32000 -- below the ports that the kernel gives to clients

-- Where nginx may be beside the folders of PATH, as a part of a PATH.
nginx.more_path = ":/usr/sbin:/usr/local/openresty/nginx/sbin"

-- The keeper; $1 is the server's folder, $2 is more_path. Writes "up PID" or "down" to the fifo, then waits for a line
-- or the end of its input. nginx writes its pid file once it listens. LD_PRELOAD is unset because this process may run
-- under a sanitizer or valgrind. Signals to the process group, such as that of Ctrl-C or of a terminal that is closed,
-- reach the keeper too; it ignores them in order to clean up.
local KEEPER = [[
exec 2>/dev/null
trap '' HUP INT QUIT TERM
unset LD_PRELOAD
cd / || exit 1
. "$1/env"
PATH=${OPENRESTY:+$OPENRESTY/nginx/sbin:}$PATH$2
if ! command -v nginx >/dev/null; then
  echo "nginx: not found" >"$1/output"; echo down >"$1/ready"; exit 0
fi
nginx -p "$1" -c "$1/nginx.conf" </dev/null >"$1/output" 2>&1 &
pid=$!
left=1000
until [ -s "$1/nginx.pid" ]; do
  left=$((left - 1))
  if [ $left = 0 ] || ! kill -0 $pid 2>/dev/null || grep -q "Address already in use" "$1/output"; then
    kill -KILL $pid 2>/dev/null; wait $pid; echo down >"$1/ready"; exit 0
  fi
  sleep 0.01
done
echo "up $pid" >"$1/ready"
read -r word
kill -TERM $pid 2>/dev/null; wait $pid; rm -rf "$1"
]]

local function contents(path)
  local file = open(path, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text or ""
end
nginx.contents = contents

local function write(path, text)
  local file = assert(open(path, "wb"))
  local ok, why = file:write(text)
  local closed, problem = file:close()
  if not (ok and closed) then error(path .. ": " .. (why or problem), 0) end
end
nginx.write = write

--- Runs a shell command.
-- @tparam string command
-- @treturn string what it printed, without the last line end
function nginx.shell(command)
  local pipe = assert(popen("unset LD_PRELOAD; " .. command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

--- Quotes a word for the shell.
-- @tparam string text
-- @treturn string
function nginx.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Lines for a shell that set and export variables.
-- @tparam table list of pairs: name, value
-- @treturn string
function nginx.exports(list)
  local lines = {}
  for i, pair in ipairs(list) do lines[i] = "export " .. pair[1] .. "=" .. nginx.quote(pair[2]) .. "\n" end
  return concat(lines)
end

-- The set of TCP ports that are in use on this machine, in any state.
local function used_ports()
  local used = {}
  for _, name in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    for port in contents(name):gmatch("%d+: %x+:(%x%x%x%x) ") do used[tonumber(port, 16)] = true end
  end
  return used
end

--- Finds ports that are not in use at this moment. Another process may still take one before you bind it: then try
-- again with others.
-- @tparam number count
-- @treturn {number,...}
function nginx.free_ports(count)
  local used, ports = used_ports(), {}
  local random = assert(open("/dev/urandom", "rb"))
  random:setvbuf("no")
  while #ports < count do
    local high, low = random:read(2):byte(1, 2)
    local port = FIRST_PORT + (high * 256 + low) % (LAST_PORT - FIRST_PORT)
    if not used[port] then
      used[port] = true
      ports[#ports + 1] = port
    end
  end
  random:close()
  return ports
end

-- The lines that each configuration begins with. OpenResty, named by OPENRESTY=prefix or found where Debian's modules
-- are not, has the modules built in. When run as root, worker processes stay root, as only root may enter the folder.
local function header(folder)
  local lines = {
    "daemon off;", "master_process on;",
    format("pid %s/nginx.pid;", folder),
    format("error_log %s/error.log notice;", folder),
  }
  local user, openresty = nginx.shell('id -u; echo "$OPENRESTY"'):match("^(%d+)\n?(.*)$")
  for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
    local file = openresty == "" and open(MODULES .. name, "rb")
    if file then
      file:close()
      lines[#lines + 1] = format("load_module %s%s;", MODULES, name)
    end
  end
  if user == "0" then lines[#lines + 1] = "user root;" end
  return concat(lines, "\n") .. "\n"
end

-- The lines that each http block begins with: no access log, and nothing is written outside the folder.
local function http_lines(folder)
  local lines = { "\naccess_log off;" }
  for _, name in ipairs { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" } do
    lines[#lines + 1] = format("%s_temp_path %s/%s;", name, folder, name)
  end
  return concat(lines, "\n") .. "\n"
end

local Server = {}
Server.__index = Server

--- Stops the server, waits for its end and removes its folder. May be called twice.
function Server:stop()
  local pipe = self.pipe
  if not pipe then return end
  self.pipe = nil
  pipe:write("stop\n") -- a line, since a child process of ours may hold the pipe open too
  pipe:close()
end

--- The server's error log so far.
function Server:log()
  return contents(self.folder .. "/error.log")
end

local function attempt(opt)
  local folder = nginx.shell('d=$(mktemp -d "${TMPDIR:-/tmp}/lofty-nginx.XXXXXX") && mkfifo "$d/ready" && echo "$d"')
  assert(folder ~= "", "nginx: no temporary folder could be made")
  local ports = nginx.free_ports(opt.ports or 1)
  local text, env = opt.conf(ports, folder)
  text = text:gsub("http%s*{", function(found) return found .. http_lines(folder) end, 1)
  write(folder .. "/nginx.conf", header(folder) .. text)
  local variables = {}
  for name, value in pairs(env or {}) do variables[#variables + 1] = { name, value } end
  write(folder .. "/env", nginx.exports(variables)) -- a file, since everybody can read a command line
  local pipe = assert(popen(format("sh -c %s keeper %s %s", nginx.quote(KEEPER), nginx.quote(folder),
    nginx.quote(nginx.more_path)), "w"))
  local ready = assert(open(folder .. "/ready", "rb"))
  local said = ready:read("*a")
  ready:close()
  local pid = said:match("^up (%d+)")
  if pid then
    return setmetatable({ ports = ports, folder = folder, pid = tonumber(pid), pipe = pipe }, Server)
  end
  pipe:close()
  local why = contents(folder .. "/output") .. contents(folder .. "/error.log")
  nginx.shell("rm -rf " .. nginx.quote(folder))
  return nil, why
end

--- Starts a server and returns once it listens.
--
-- The configuration is what follows a header made here (daemon, pid, error_log, load_module, user);
-- its http block gets `access_log off` and temporary paths inside the folder. A second result of `conf` is
-- set in nginx's environment.
--
--     local server = nginx.start{
--       ports = 2,                               -- how many free loopback ports it needs; default 1
--       conf = function(ports, folder)           -- called anew with other ports when a port was lost
--         return "events {} http { server { listen 127.0.0.1:" .. ports[1] .. "; } }", { NAME = "value" }
--       end,
--     }
--     server.ports, server.folder, server.pid, server:log(), server:stop()
--
-- @tparam table opt
-- @treturn table the server; raises with nginx's own messages when it cannot start
function nginx.start(opt)
  local why
  for _ = 1, ATTEMPTS do
    local server
    server, why = attempt(opt)
    if server then return server end
    if not why:find("Address already in use", 1, true) then break end
  end
  if why:find("nginx: not found", 1, true) or why:find('unknown directive "lua_', 1, true) then
    misuse("the sandbox needs nginx with its Lua module: install the packages nginx-light and libnginx-mod-http-lua "
      .. "(Debian, Ubuntu), or OpenResty with OPENRESTY set to its prefix")
  end
  error("nginx did not start:\n" .. why, 2)
end

return nginx
