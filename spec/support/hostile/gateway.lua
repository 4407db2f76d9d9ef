-- SPDX-License-Identifier: MIT

--- Makes the calls of the nginx runtime. Runs inside nginx.
-- @module spec.support.hostile.gateway

local ngx = ngx -- luacheck: globals ngx
local answers = require "spec.support.hostile.answers"
local errors = require "lofty.errors"
local exercise = require "spec.support.hostile.exercise"
local json = require "lofty.json"
local runtime = require "lofty.runtime.nginx"

local gateway = {}

local function respond(value)
  local text = json.encode(value)
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function read()
  ngx.req.read_body()
  local given = assert(json.decode(ngx.req.get_body_data()))
  local entry, place = answers[given.index], given.place
  local tls = {}
  for index, url in pairs(place.tls) do tls[tonumber(index)] = url end
  place.tls, place.runtime = tls, runtime
  return entry, place
end

--- Makes the calls of one answer.
function gateway.exercise() respond(exercise(read())) end

--- Asks lua-resty-http alone for an answer; for nothing but its version without a URL.
function gateway.alone()
  ngx.req.read_body()
  local given = assert(json.decode(ngx.req.get_body_data()))
  -- Debian's name for lua-resty-string.
  package.preload["resty.string"] = package.preload["resty.string"] or function() return require "nginx.string" end
  local http = require "resty.http"
  if not given.url then return respond { version = http._VERSION } end
  local milliseconds = given.total * 1000
  local client = http.new()
  client:set_timeouts(milliseconds, milliseconds, milliseconds)
  local called, res, problem
  local request = ngx.thread.spawn(function()
    called, res, problem = pcall(client.request_uri, client, given.url, {
      method = given.body and "POST" or "GET", body = given.body, ssl_verify = true, ssl_server_name = "localhost",
      keepalive = false,
    })
    return true
  end)
  -- Its timeouts hold for each read alone.
  local time_out = ngx.thread.spawn(function() ngx.sleep(given.total + 1) end)
  local _, ended = ngx.thread.wait(request, time_out)
  ngx.thread.kill(ended and time_out or request)
  if not ended then return respond { problem = "goes on beyond its timeout" } end
  if called and res then return respond { status = res.status, size = #(res.body or "") } end
  respond { problem = errors.sanitize(tostring(called and problem or res), 60) }
end

return gateway
