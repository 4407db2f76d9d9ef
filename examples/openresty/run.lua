-- SPDX-License-Identifier: MIT

--- Runs the application until Ctrl-C.
--
--     make demo-openresty                 with its own sandbox, on free ports
--     lua examples/openresty/run.lua      with Lofty itself, when LOFTY_CLIENT_ID is set: see README.md beside this
--
-- Run it from the checkout's folder. The servers stop when this process ends, however it ends.

local root = arg[0]:match("^(.*)/examples/openresty/[^/]*$") or "."
package.path = root .. "/?.lua;" .. package.path

local nginx = require "lofty.sandbox.nginx"
local openresty = require "examples.openresty.launch"

local function set(name)
  local value = os.getenv(name)
  return value and value ~= "" and value or nil
end

-- The `resolver` line: nginx does not read /etc/resolv.conf.
local function resolver()
  local address = nginx.contents("/etc/resolv.conf"):match("nameserver%s+(%S+)")
  if not address then return "" end
  return "resolver " .. (address:find(":", 1, true) and "[" .. address .. "]" or address) .. ";"
end

local function authorities()
  local path = "/etc/ssl/certs/ca-certificates.crt"
  local file = io.open(path)
  if not file then return "" end
  file:close()
  return "lua_ssl_trusted_certificate " .. path .. ";"
end

local function start_real()
  local listen = set("APP_LISTEN") or "127.0.0.1:8080"
  local url = set("APP_URL") or "http://" .. listen
  local server = nginx.start {
    ports = 0,
    conf = function()
      local text = openresty.conf { LISTEN = listen, CA = authorities(), RESOLVER = resolver() }
      return text, {
        APP_URL = url, APP_TOKENS = set("APP_TOKENS") or os.getenv("HOME") .. "/.leadboard",
        APP_SECRET = set("APP_SECRET") or nginx.shell("od -An -N32 -tx1 /dev/urandom | tr -d ' \\n'"),
      }
    end,
  }
  print("Leadboard listens at " .. url .. "\n\nIn Lofty's developer portal its redirect address has to be\n  " .. url
    .. "/callback\n\nCtrl-C ends it.")
  return server
end

local function start_demo()
  local demo = openresty.start { rate_limit = 500 }
  print(([[
Leadboard listens at %s

Open it in a browser. The sandbox at %s plays Lofty's part:

  curl -d '{"account":"113209"}' %s/_sandbox/expire     ends Ada's access token
  curl -d '{"account":"113209"}' %s/_sandbox/revoke     as if she had pressed Disconnect in Lofty
  curl -d '{"url":"ADDRESS","events":3}' %s/_sandbox/deliver
                       sends events; ADDRESS stands at the foot of the Events page

Ctrl-C ends both.]]):format(demo.url, demo.box.url, demo.box.url, demo.box.url, demo.box.url))
  return demo
end

local running = (set("LOFTY_CLIENT_ID") and start_real or start_demo)()
io.flush()
-- Lua cannot wait, so a shell does: until Ctrl-C, or until this process has ended.
os.execute("trap 'exit 0' INT; while kill -0 $PPID 2>/dev/null; do sleep 0.5; done")
running:stop()
