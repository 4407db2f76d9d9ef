-- SPDX-License-Identifier: MIT

--- Starts the example application on a free port of loopback, with its own sandbox.
--
--     local demo = require("examples.openresty.launch").start()
--     demo.url, demo.box, demo:log(), demo:stop()
-- @module examples.openresty.launch

local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local openresty = {}

local Demo = {}
Demo.__index = Demo

local ROOT = nginx.shell("pwd")

local function random_text()
  return nginx.shell("od -An -N32 -tx1 /dev/urandom | tr -d ' \\n'")
end

--- The text of nginx.conf with its placeholders filled in.
-- @tparam table values LISTEN; CA and RESOLVER, each a whole line or empty. ROOT is set here
function openresty.conf(values)
  values.ROOT = ROOT
  local text = nginx.contents(ROOT .. "/examples/openresty/nginx.conf")
  return (text:gsub("{{(%u+)}}", function(name) return values[name] or error("no value for " .. name) end))
end

-- The environment variables of the library and of the example.
local function environment(box, url, folder)
  return {
    APP_URL = url, APP_SECRET = random_text(), APP_TOKENS = folder .. "/tokens", LOFTY_CLIENT_ID = box.client_id,
    LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_BASE_URL = box.url, LOFTY_OAUTH_TOKEN_URL = box.token_url,
    LOFTY_AUTHORIZE_URL = box.authorize_url,
  }
end

--- Starts the application and its sandbox.
-- @tparam[opt] table opt settings of the sandbox
function openresty.start(opt)
  local settings, box = {}, nil
  for name, value in pairs(opt or {}) do settings[name] = value end
  settings.app_name = "Leadboard"
  local ok, server = pcall(nginx.start, {
    -- The sandbox must know the redirect address, and so the port: it is started anew for each port that is tried.
    conf = function(ports, folder)
      if box then box:stop() end
      local url = "http://127.0.0.1:" .. ports[1]
      settings.redirect_uri = url .. "/callback"
      box = sandbox.start(settings)
      local text = openresty.conf { LISTEN = "127.0.0.1:" .. ports[1], CA = "", RESOLVER = "" }
      return text, environment(box, url, folder)
    end,
  })
  if not ok then
    if box then box:stop() end
    error(server, 2)
  end
  return setmetatable({ server = server, box = box, url = "http://127.0.0.1:" .. server.ports[1],
                        pid = server.pid, folder = server.folder }, Demo)
end

--- The application's error log so far.
function Demo:log() return self.server:log() end

--- Stops both and removes their folders. May be called twice.
function Demo:stop()
  self.server:stop()
  self.box:stop()
end

return openresty
