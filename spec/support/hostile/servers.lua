-- SPDX-License-Identifier: MIT

--- Starts the hostile server, and beside it an nginx in whose worker process the calls of the nginx runtime are made.
-- @module spec.support.hostile.servers

local answers = require "spec.support.hostile.answers"
local json = require "lofty.json"
local launcher = require "lofty.sandbox.nginx"

local format = string.format

local servers = {}

-- The answers that have a TLS server of their own.
local tls_answers = {}
for _, entry in ipairs(answers) do
  if entry.is_tls then tls_answers[#tls_answers + 1] = entry end
end

local ROOT = launcher.shell "pwd"

-- Makes root.pem, which the clients trust, and NAME.pem with NAME.key for each server certificate.
local CERTIFICATES = [[
set -e; cd "$1"
printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n' >ca.conf
printf 'unique_subject=no\n[p]\ncommonName=optional\n' >>ca.conf
: >index
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
root() {
  new_key "$1"
  openssl req -x509 -key "$1.key" -out "$1.pem" -days 3650 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE
}
# issue NAME ISSUER SUBJECT EXTENSIONS [OPTIONS of openssl ca]
issue() {
  name=$1 issuer=$2 subject=$3 extensions=$4; shift 4
  [ -e "$name.key" ] || cp leaf.key "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$subject" -out "$name.csr"
  printf "$extensions\n" >"$name.ext"
  [ $# -gt 0 ] || set -- -startdate 20200101000000Z -enddate 20491231000000Z
  openssl ca -batch -notext -config ca.conf -cert "$issuer.pem" -keyfile "$issuer.key" -in "$name.csr" \
    -out "$name.pem" -extfile "$name.ext" "$@"
}
long="-startdate 20200101000000Z -enddate 20491231000000Z"
here="subjectAltName=DNS:localhost"
may_issue="basicConstraints=critical,CA:TRUE"
new_key leaf
root root "Root of the suite"; root stranger "Another root"
openssl genrsa -out rsa_1024.key 1024; openssl genrsa -out rsa_2048.key 2048
issue good root localhost "$here"
issue rsa_2048 root localhost "$here"
issue rsa_1024 root localhost "$here"
issue sha1 root localhost "$here" $long -md sha1
# (There is no ECDSA with MD5.)
openssl genrsa -out rsa_ca.key 2048; issue rsa_ca root "RSA CA" "$may_issue"
issue md5 rsa_ca localhost "$here" $long -md md5; cat rsa_ca.pem >>md5.pem
issue expired root localhost "$here" -startdate 20200101000000Z -enddate 20200102000000Z
issue future root localhost "$here" -startdate 20480101000000Z -enddate 20480102000000Z
issue wrong_host root elsewhere.example "subjectAltName=DNS:elsewhere.example"
issue longer_name root localhost.evil.example "subjectAltName=DNS:localhost.evil.example"
issue wildcard root wildcard "subjectAltName=DNS:*.localhost,DNS:*"
issue nul_name root nul "subjectAltName=DER:30:18:82:16:6c:6f:63:61:6c:68:6f:73:74:00:2e:65:76:69:6c:2e:74:65:73:74:2e:78"
issue address root 127.0.0.1 "subjectAltName=IP:127.0.0.1"
issue common_name_only_right root localhost "subjectAltName=DNS:elsewhere.example"
issue client_only root localhost "$here\nextendedKeyUsage=clientAuth"
issue untrusted stranger localhost "$here"
openssl req -x509 -key leaf.key -out self_signed.pem -days 30 -subj /CN=localhost -addext "$here"; cp leaf.key self_signed.key
new_key middle; issue middle root "Intermediate" "$may_issue"
issue incomplete middle localhost "$here"
cp leaf.key with_intermediate.key; cat incomplete.pem middle.pem >with_intermediate.pem
cp leaf.key other_order.key; cat incomplete.pem root.pem middle.pem >other_order.pem
new_key not_ca; issue not_ca root "No CA" "basicConstraints=critical,CA:FALSE"
issue no_ca not_ca localhost "$here"; cat not_ca.pem >>no_ca.pem
new_key old; issue old root "Expired CA" "$may_issue" -startdate 20200101000000Z -enddate 20200102000000Z
issue old_intermediate old localhost "$here"; cat old.pem >>old_intermediate.pem
new_key narrow; issue narrow root "Constrained" "$may_issue\nnameConstraints=critical,permitted;DNS:example.test"
issue constrained narrow localhost "$here"; cat narrow.pem >>constrained.pem
openssl dhparam -dsaparam -out dh1024.pem 1024
# The server itself must offer what is weak.
printf 'openssl_conf=o\n[o]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nMinProtocol=None\nCipherString=ALL:COMPLEMENTOFALL:@SECLEVEL=0\n' >openssl.cnf
head -c 64M /dev/zero | gzip -9 >bomb.gz
echo made
]]

local SERVER = [[
worker_processes 1;
events { worker_connections 1024; }
http {
  lua_shared_dict seen 1m;
  lua_socket_log_errors off;
  lingering_close off;
  keepalive_requests 100000;
  client_header_buffer_size 16k;
  ssl_dhparam %s/dh1024.pem;
  init_by_lua_block {
    package.path = "%s/?.lua;" .. package.path
    responder = require "spec.support.hostile.responder"
  }
  server {
    listen 127.0.0.1:%d;
    location = /seen { content_by_lua_block { responder.seen() } }
    location = /forget { content_by_lua_block { responder.forget() } }
    location / { content_by_lua_block { responder.answer() } }
  }
  %s
}
]]

local TLS_SERVER = [[
  server {
    listen 127.0.0.1:%d %s;
    ssl_certificate %s/%s.pem;
    ssl_certificate_key %s/%s.key;
    keepalive_timeout 0;
    %s
    location / { content_by_lua_block { responder.answer() } }
  }
]]

local GATEWAY = [[
worker_processes 1;
events { worker_connections 1024; }
http {
  lua_package_path "ROOT/?.lua;ROOT/lua/?.lua;ROOT/lua/?/init.lua;EXTRA;;";
  lua_package_cpath "ROOT/build/5.1/?.so;;";
  lua_socket_log_errors off;
  lua_ssl_protocols TLSv1.2 TLSv1.3;
  lua_ssl_verify_depth 5;
  lua_ssl_trusted_certificate FOLDER/root.pem;
  client_body_buffer_size 1m;
  init_worker_by_lua_block { gateway = require "spec.support.hostile.gateway" }
  server {
    listen 127.0.0.1:PORT;
    location = /exercise { content_by_lua_block { gateway.exercise() } }
    location = /alone { content_by_lua_block { gateway.alone() } }
  }
}
]]

local function tls_servers(ports, folder)
  local texts = {}
  for i, entry in ipairs(tls_answers) do
    local certificate = entry.certificate or "good"
    local directives = (entry.directives or ""):gsub("([%w_]+%.pem)", folder .. "/%1")
    texts[i] = format(TLS_SERVER, ports[1 + i], entry.plain and "" or "ssl", folder, certificate, folder, certificate,
      directives)
  end
  return table.concat(texts)
end

local Servers = {}
Servers.__index = Servers

--- Makes the calls of one answer inside nginx.
-- @treturn table as of spec/support/hostile/exercise.lua
function Servers:exercise_in_nginx(entry)
  local tls = {}
  for index, url in pairs(self.tls) do tls[tostring(index)] = url end -- JSON has only text as names
  return self:ask("/exercise", { index = entry.index, place = { plain = self.plain, tls = tls } })
end

--- Calls the gateway, which is trusted, from outside.
function Servers:ask(path, value)
  local res = assert(require "lofty.runtime.curl":request {
    method = "POST", url = self.gateway_url .. path, body = assert(json.encode(value)), headers = {},
  })
  if res.status ~= 200 then error(path .. ": " .. res.status .. "\n" .. self.gateway:log(), 2) end
  return json.decode(res.body)
end

--- Stops both.
function Servers:stop()
  self.gateway:stop()
  self.server:stop()
end

--- The outcome that is expected in plain Lua, where libcurl uses the OpenSSL that `openssl` is the command of.
-- @tparam table entry an answer
-- @treturn string
function servers.expected_in_plain_lua(entry)
  if not entry.before_openssl_3_2 then return entry.expected end
  local major, minor = launcher.shell("openssl version"):match "^OpenSSL (%d+)%.(%d+)"
  return major * 100 + minor < 302 and entry.before_openssl_3_2 or entry.expected
end

--- Starts both.
-- @tparam[opt] string extra a folder of further Lua modules for the gateway
-- @treturn table `plain` (URL), `tls` (answer's index as text or number -> URL), `ca` (path)
function servers.start(extra)
  local made
  local server = launcher.start {
    ports = 1 + #tls_answers,
    conf = function(ports, folder)
      made = launcher.shell(format("sh -c %s certificates %s 2>&1", launcher.quote(CERTIFICATES), launcher.quote(folder)))
      assert(made:find "made%s*$", made)
      return format(SERVER, folder, ROOT, ports[1], tls_servers(ports, folder)), { OPENSSL_CONF = folder .. "/openssl.cnf" }
    end,
  }
  local gateway = launcher.start {
    conf = function(ports)
      return (GATEWAY:gsub("ROOT", ROOT):gsub("FOLDER", server.folder):gsub("PORT", tostring(ports[1]))
        :gsub("EXTRA", extra and extra .. "/?.lua" or ROOT .. "/?.lua"))
    end,
  }
  local tls = {}
  for i, entry in ipairs(tls_answers) do tls[entry.index] = "https://localhost:" .. server.ports[1 + i] end
  return setmetatable({
    server = server, gateway = gateway, gateway_url = "http://127.0.0.1:" .. gateway.ports[1],
    plain = "http://127.0.0.1:" .. server.ports[1], tls = tls, ca = server.folder .. "/root.pem",
  }, Servers)
end

return servers
