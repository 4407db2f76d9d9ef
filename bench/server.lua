-- SPDX-License-Identifier: MIT

--- The server that all clients of a bench talk to: an nginx with one worker process, on loopback, which sends constant
-- bytes. `/v1.0/me` and `/v1.0/leads/ID` are a small object, `/page` a page of 100 leads, `/slow` and `/slow-page` the same after 10 ms, and
-- `/v1.0/leads` a list of 100,000 leads by limit and offset, whose pages differ in the leadIds and e-mail addresses.
-- @module bench.server

local nginx = require "lofty.sandbox.nginx"
local page = require "bench.page"
local pinned = require "bench.pinned"

local server = {}

--- The API key that clients send.
server.key = "0123456789abcdef0123456789abcdef"

-- The rate limit's headers say that calls are left, so that no client waits.
local CONF = [[
worker_processes 1;
events { worker_connections 4096; }
http {
  keepalive_requests 100000000;
  tcp_nodelay on;
  open_file_cache max=10;
  default_type application/json;
  add_header X-RateLimit-Remaining 99;
  add_header X-RateLimit-Reset 21000;
  init_by_lua_block {
    local file = io.open("FOLDER/leads.json")
    local text = file:read "*a"
    file:close()
    leads = {}
    for lead in text:gmatch "[^\n]+" do leads[#leads + 1] = { lead:match '^(.-6510959601)%d+(.-%["lead)%d+(@.*)$' } end
  }
  server {
    listen 127.0.0.1:PORT1 backlog=4096;
    listen 127.0.0.1:PORT2 ssl backlog=4096;
    ssl_certificate FOLDER/certificate.pem;
    ssl_certificate_key FOLDER/key.pem;
    location = /v1.0/me { return 200 'ME'; }
    location /v1.0/leads/ { return 200 'ME'; }
    location = /page { alias FOLDER/page.json; }
    location = /slow { rewrite_by_lua_block { ngx.sleep(0.01) ngx.exec "/v1.0/me" } }
    location = /slow-page { rewrite_by_lua_block { ngx.sleep(0.01) ngx.exec "/page" } }
    location = /v1.0/leads {
      content_by_lua_block {
        local offset, total, parts = tonumber(ngx.var.arg_offset) or 0, TOTAL, {}
        local count = math.min(#leads, total - offset)
        for i = 1, count do
          local lead, id = leads[i], ("%05d"):format(offset + i)
          parts[i] = { lead[1], id, lead[2], id, lead[3], i < count and "," or "" }
        end
        ngx.print('{"_metadata":{"collection":"leads","limit":100,"offset":', offset, ',"total":', total, '},"leads":[',
          parts, "]}")
      }
    }
  }
}
]]

local ME = '{"id":651095960136641,"email":"agent@example.com","firstName":"Ada"}'

local CERTIFICATE = [[cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench \
  -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem 2>/dev/null]]

--- Starts the server, on processor 0 where there are several.
-- @tparam[opt] number total of the list of leads; 100,000 by default
-- @treturn table that of `lofty.sandbox.nginx`, whose folder has page.json, what /page sends; `url`, `tls_url`, `ca` (its
--   certificate)
function server.start(total)
  local leads = page.leads(100)
  local started = nginx.start {
    ports = 2,
    conf = function(ports, folder)
      nginx.write(folder .. "/page.json", page.text(leads, 0, 100))
      nginx.write(folder .. "/leads.json", table.concat(leads, "\n"))
      nginx.shell(CERTIFICATE:format(nginx.quote(folder)))
      local values = { FOLDER = folder, ME = ME, PORT1 = ports[1], PORT2 = ports[2], TOTAL = total or 100000 }
      return (CONF:gsub("%f[%w]%u+%d*%f[%W]", function(name) return values[name] and tostring(values[name]) end))
    end,
  }
  pinned.server(started.pid)
  started.url, started.tls_url = "http://127.0.0.1:" .. started.ports[1], "https://127.0.0.1:" .. started.ports[2]
  started.ca = started.folder .. "/certificate.pem"
  return started
end

return server
