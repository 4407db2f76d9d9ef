-- SPDX-License-Identifier: MIT

--- Writes the emulator's nginx configuration.
-- @module lofty.sandbox.server.conf

local format, gsub = string.format, string.gsub

local TEXT = [[
worker_processes %WORKERS%;
worker_shutdown_timeout 1s;
events { worker_connections 4096; }
http {
  lua_package_path "%ROOT%/?.lua;;";
  lua_shared_dict sandbox 128m;
  lua_shared_dict sandbox_counters 8m;
  lua_shared_dict sandbox_journal 32m;
  lua_socket_log_errors off;
  init_by_lua_block { require("lofty.sandbox.server.settings").init(%SETTINGS%) require("lofty.sandbox.server.server") }
  client_body_buffer_size 1m;
  client_max_body_size 16m;
  large_client_header_buffers 8 32k;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  gzip on;
  gzip_min_length 512;
  gzip_proxied any;
  gzip_types application/json application/xml;
  underscores_in_headers on;
  server_tokens off;
  server {
    listen 127.0.0.1:%PORT%;
    %TLS%
    location / { content_by_lua_block { require("lofty.sandbox.server.server").handle() } }
  }
}
]]

--- The configuration as text.
-- @tparam table opt root (the folder that holds lofty/), port, settings (the path of a file with JSON: nginx limits the
-- length of code in its configuration), workers; tls_port, certificate and certificate_key for https beside http
return function(opt)
  local tls = ""
  if opt.tls_port then
    tls = format("listen 127.0.0.1:%d ssl http2; ssl_certificate %s; ssl_certificate_key %s;", opt.tls_port,
                 opt.certificate, opt.certificate_key)
  end
  local values = { WORKERS = opt.workers or 1, ROOT = opt.root, PORT = opt.port, TLS = tls,
                   SETTINGS = format("%q", opt.settings) }
  return (gsub(TEXT, "%%(%u+)%%", function(name) return tostring(values[name]) end))
end
