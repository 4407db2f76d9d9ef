-- SPDX-License-Identifier: MIT

-- A call's deadline while its token is being granted. A grant that was sent is never interrupted, or its token would be
-- lost: inside nginx the call ends at its deadline and the grant continues; in plain Lua the call ends with the grant.
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local wires = require "spec.support.wire"

-- Grants a token, and notes each grant.
local GRANT = [[
  local file = io.open(folder .. "/" .. name .. ".notes", "ab")
  file:write("granted\n")
  file:close()
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"access_token":"new","refresh_token":"new-refresh","token_type":"Bearer","expires_in":3600}')
]]
-- Does so as soon as the file `release` exists.
local HELD_GRANT = [[
  local function exists(path)
    local file = io.open(path)
    if file then file:close() end
    return file ~= nil
  end
  repeat ngx.sleep(0.01) until exists(folder .. "/release")
]] .. GRANT
local API = [[
  ngx.header["Content-Type"] = "application/json"
  if ngx.var.http_authorization ~= "Bearer new" then ngx.status = 401 end
  ngx.print('{"userId":1}')
]]

local CONF = [[
worker_processes 1;
events {}
http {
  lua_package_path "@ROOT@/lua/?.lua;@ROOT@/lua/?/init.lua;;";
  lua_package_cpath "@ROOT@/build/5.1/?.so;;";
  lua_shared_dict tokens 1m;
  init_by_lua_block {
    lofty = require "lofty"
    app = lofty.app {
      client_id = "app", client_secret = "secret", redirect_uri = "https://example.com/", base_url = "@API@",
      token_url = "@TOKEN@", store = lofty.store.shdict { dict = "tokens", backing = lofty.store.file { path = "@STORE@" } },
    }
  }
  server {
    listen 127.0.0.1:@PORT@;
    location / {
      content_by_lua_block {
        local deadline = tonumber(ngx.var.arg_deadline)
        local crm = app:client("1")
        if deadline then crm = crm:with { deadline = deadline } end
        local me, err = crm:me()
        ngx.print(me and "200" or err.kind .. " " .. err.message)
      }
    }
  }
}
]]

describe("a call's deadline during a slow token request", function()
  local wire, place, api, token_url, store, server

  setup(function()
    wire = wires.start()
    token_url, api = wire:lua("token", HELD_GRANT), wire:lua("api", API)
  end)
  teardown(function() wire:stop() end)

  -- A store whose one token has expired, and an nginx that uses it.
  before_each(function()
    place = nginx.shell "mktemp -d"
    store = lofty.store.file { path = place .. "/tokens" }
    lofty.assert(store:put("app/1", lofty.json.encode {
      access_token = "old", refresh_token = "old-refresh", token_type = "Bearer", account = "1", expires_at = 1,
    }))
    nginx.shell("rm -f " .. wire.server.folder .. "/release " .. wire.server.folder .. "/token.notes")
    server = nginx.start {
      conf = function(ports)
        return (CONF:gsub("@(%u+)@", {
          ROOT = nginx.shell "pwd", API = api, TOKEN = token_url, STORE = place .. "/tokens", PORT = tostring(ports[1]),
        }))
      end,
    }
  end)
  after_each(function()
    nginx.write(wire.server.folder .. "/release", "")
    server:stop()
    nginx.shell("rm -rf " .. nginx.quote(place))
  end)

  local function release() nginx.write(wire.server.folder .. "/release", "") end
  local function stored() return lofty.assert(lofty.json.decode(lofty.assert(store:get("app/1", true)))).access_token end
  local function wait_until_stored()
    for _ = 1, 1000 do
      if stored() == "new" then return end
      nginx.shell "sleep 0.02"
    end
    error("the granted token was not stored; nginx said:\n" .. server:log())
  end
  local function request(query, more)
    return nginx.shell(("curl -s 'http://127.0.0.1:%d/%s' %s"):format(server.ports[1], query, more or ""))
  end

  it("inside nginx ends the call; the token that is granted later is saved and used", function()
    assert.equal("timeout the call's deadline of 0.1 s ends before its token is refreshed: no result within 0.1 s, it is still running",
      (request("?deadline=0.1"):gsub("within 0%.0?%d+ s", "within 0.1 s")))
    assert.equal("old", stored())
    release()
    wait_until_stored()
    assert.equal("200", request "")
    assert.same({ "granted" }, wire:notes("token"))
  end)

  it("inside nginx does not shorten the wait of a call without one for the same grant", function()
    request("", "-o " .. place .. "/patient >/dev/null 2>&1 & echo started")
    assert.matches("^timeout ", request "?deadline=0.1")
    release()
    wait_until_stored()
    local said
    for _ = 1, 1000 do
      said = nginx.contents(place .. "/patient")
      if said ~= "" then break end
      nginx.shell "sleep 0.02"
    end
    assert.equal("200", said)
    assert.same({ "granted" }, wire:notes("token"))
  end)

  it("in plain Lua ends the call after the grant, whose token is saved", function()
    local app = lofty.app {
      client_id = "app", client_secret = "secret", redirect_uri = "https://example.com/", base_url = api,
      token_url = wire:lua("slow", "ngx.sleep(0.2)\n" .. GRANT), store = store, -- longer than the deadline
    }
    local me, err = app:client("1"):with({ deadline = 0.1 }):me()
    assert.is_nil(me)
    assert.equal("timeout", err.kind)
    assert.is_false(err.sent)
    assert.equal("new", stored())
    lofty.assert(app:client("1"):me())
    assert.same({ "granted" }, wire:notes("slow"))
  end)
end)
