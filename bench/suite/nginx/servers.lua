-- SPDX-License-Identifier: MIT

--- The servers of the nginx bench: an upstream, and gateways with a single worker process that call it in each of the
-- ways that are compared.
-- @module bench.suite.nginx.servers

local launcher = require "lofty.sandbox.nginx"
local peers = require "bench.peers"

local servers = {}

local ROOT = launcher.shell("pwd")
local KEY = "0123456789abcdef0123456789abcdef"

-- A response to GET /v1.0/me of the usual size and shape.
local ME = [[{"userId":651095960136641,"teamId":1738234566814937089,"email":"ann.lee@example.com",]]
  .. [["firstName":"Ann","lastName":"Lee","phoneNumber":"+1 555 0100","role":"agent","timezone":"America/Phoenix"}]]

local UPSTREAM = [[
worker_processes 1;
events { worker_connections 4096; }
http {
  keepalive_requests 10000000;
  server {
    listen 127.0.0.1:PORT1 backlog=4096;
    location = /v1.0/me { default_type application/json; return 200 'ME'; }
    location = /slow { default_type application/json; content_by_lua_block { ngx.sleep(0.2) ngx.print('ME') } }
  }
}
]]

local GATEWAY = [[
worker_processes 1;
events { worker_connections 4096; }
http {
  keepalive_requests 10000000;
  lua_package_path "ROOT/?.lua;ROOT/lua/?.lua;ROOT/lua/?/init.lua;RESTY/?.lua;;";
  lua_package_cpath "ROOT/build/5.1/?.so;;";
  upstream api { server API; keepalive 128; keepalive_requests 10000000; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Authorization "token KEY";
  init_by_lua_block {
    local lofty = require "lofty"
    BLOCKING
    cjson = require "cjson"
    package.preload["resty.string"] = function() return require "nginx.string" end -- where Debian puts it
    local headers = { Authorization = "token KEY", Accept = "application/json" }
    function resty_get(path)
      local res, err = require("resty.http").new():request_uri("http://API" .. path, { headers = headers, keepalive_pool = 128 })
      if not res then return nil, err end
      if res.status ~= 200 then return nil, res.status end
      return cjson.decode(res.body)
    end
    local host, port = ("API"):match("(.*):(.*)")
    local request = "GET /v1.0/me HTTP/1.1\r\nHost: API\r\nAuthorization: token KEY\r\n\r\n"
    function cosocket()
      local socket = ngx.socket.tcp()
      assert(socket:connect(host, tonumber(port), { pool = "cosocket", pool_size = 128 }))
      assert(socket:send(request))
      local bytes = assert(socket:receiveany(65536))
      socket:setkeepalive(30000)
      ngx.print(#bytes)
    end
    crm = lofty.client { api_key = "KEY", base_url = "http://API" }
    function answer(value, err)
      if not value then ngx.status = 502 return ngx.say(tostring(err)) end
      ngx.print(value.userId, " ", value.firstName)
    end
  }
  server {
    listen 127.0.0.1:PORT1 backlog=4096;
    location = /ping { return 200 "pong"; }
    location = /proxy { proxy_pass http://api/v1.0/me; }
    location = /proxy-slow { proxy_pass http://api/slow; }
    location = /lofty { content_by_lua_block { answer(crm:get("/v1.0/me")) } }
    location = /lofty-slow { content_by_lua_block { answer(crm:get("/slow")) } }
    location = /cosocket { content_by_lua_block { cosocket() } }
    location = /resty { content_by_lua_block { answer(resty_get("/v1.0/me")) } }
    location = /resty-slow { content_by_lua_block { answer(resty_get("/slow")) } }
    location = /curl { content_by_lua_block { answer(blocking("/v1.0/me")) } }
    location = /curl-slow { content_by_lua_block { answer(blocking("/slow")) } }
    location = /heap { content_by_lua_block {
      collectgarbage() collectgarbage()
      ngx.print(collectgarbage("count"), " ", require("bench.resident")())
    } }
  }
}
]]

-- A libcurl binding with lua-cjson, which blocks the worker process.
local BLOCKING = [[
    local curl = require "lofty.runtime.curl"
    local headers = { Authorization = "token KEY", Accept = "application/json" }
    function blocking(path)
      local res, err = curl:request { method = "GET", url = "http://API" .. path, headers = headers }
      if not res then return nil, err end
      return cjson.decode(res.body)
    end
]]

local function fill(text, ports, api, blocking)
  return (text:gsub("BLOCKING", function() return blocking or "" end)
    :gsub("%f[%u]ME%f[%U]", function() return ME end)
    :gsub("%f[%u]KEY%f[%U]", KEY):gsub("PORT1", tostring(ports[1])):gsub("%f[%u]API%f[%U]", api or "")
    :gsub("ROOT", function() return ROOT end):gsub("RESTY", function() return peers.resty_http or ROOT end))
end

--- Starts the upstream and two gateways: `main`, and `blocking`, the only one that loads the blocking binding.
function servers.start()
  local upstream = launcher.start { conf = function(ports) return fill(UPSTREAM, ports) end }
  local api = "127.0.0.1:" .. upstream.ports[1]
  local function gateway(blocking)
    local server = launcher.start { conf = function(ports) return fill(GATEWAY, ports, api, blocking) end }
    server.url = "http://127.0.0.1:" .. server.ports[1]
    server.worker = launcher.shell("pgrep -P " .. server.pid)
    return server
  end
  return { upstream = upstream, main = gateway(), blocking = gateway(BLOCKING) }
end

--- Sends a gateway requests over 32 connections; raises where one did not succeed.
-- @tparam table server
-- @tparam string path
-- @tparam number count
-- @treturn number requests a second
function servers.load(server, path, count)
  local text = launcher.shell(("h2load --h1 -c 32 -n %d %s%s 2>&1"):format(count, server.url, path))
  local good = tonumber(text:match "status codes: (%d+) 2xx")
  if good ~= count then error("bench: " .. path .. ": " .. tostring(good) .. " of " .. count .. " succeeded\n" .. text) end
  return tonumber(text:match "finished in [^,]+, ([%d.]+) req/s")
end

--- Stops them all.
function servers.stop(all)
  all.blocking:stop()
  all.main:stop()
  all.upstream:stop()
end

return servers
