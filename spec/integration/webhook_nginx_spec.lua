-- SPDX-License-Identifier: MIT

local nginx = require "lofty.sandbox.nginx"

local SECRET = "6cGm9-long-and-random_0a"

-- Two handlers that share a memory of repeats. `deferred` handles its events only after a request to /go, so that the
-- spec sees that the response came first; `hook` handles them before it responds.
local INIT = [[
  local lofty = require "lofty"
  local dict = ngx.shared.events
  local function make(opt)
    opt.secret, opt.max_body = "%s", 100000
    opt.seen = function(key) local _, err = dict:safe_add("seen:" .. key, true, 600) return err == "exists" end
    opt.forget = function(key) dict:delete("seen:" .. key) end
    return lofty.webhook.handler(opt)
  end
  local function handle(event)
    if event.leadId == 13 then error("an unlucky lead") end
    if event.leadId == 14 and dict:incr("failures", -1, 2) >= 0 then return nil, "not yet" end
    dict:rpush("events", event.name .. " " .. event.leadId)
  end
  deferred = make { later = true, on_event = function(event)
    while not dict:get("go") do ngx.sleep(0.005) end
    return handle(event)
  end }
  hook = make { on_event = handle }
  spooled = lofty.webhook.handler {
    secret = "%s", spool = lofty.spool.file { path = "%s/spool" }, on_event = handle,
  }
]]

local CONF = [[
  worker_processes 2;
  events { worker_connections 64; }
  http {
    lua_package_path "%s;;";
    lua_package_cpath "%s;;";
    lua_shared_dict events 1m;
    client_max_body_size 1m;
    init_by_lua_block { %s }
    server {
      listen 127.0.0.1:%d;
      location / { return 418; }
      location ~ ^/hook/ { content_by_lua_block { hook() } }
      location ~ ^/spooled/ { content_by_lua_block { spooled() } }
      location ~ ^/deferred/ { content_by_lua_block { deferred() } }
      location = /go { content_by_lua_block { ngx.shared.events:set("go", true) ngx.say("gone") } }
      location = /count { content_by_lua_block { ngx.print(ngx.shared.events:llen("events")) } }
      location = /take { content_by_lua_block { ngx.print(ngx.shared.events:lpop("events")) } }
    }
  }
]]

describe("a webhook handler in nginx", function()
  local server, url

  -- nginx's Lua is LuaJIT, whatever runs this.
  local function paths()
    local here = nginx.shell("pwd")
    return here .. "/lua/?.lua;" .. here .. "/lua/?/init.lua", here .. "/build/5.1/?.so"
  end

  setup(function()
    server = nginx.start {
      conf = function(ports, folder)
        local path, cpath = paths()
        return CONF:format(path, cpath, INIT:format(SECRET, SECRET, folder), ports[1])
      end,
    }
    url = "http://127.0.0.1:" .. server.ports[1]
  end)
  teardown(function() server:stop() end)

  local function get(path) return nginx.shell("curl -sS --max-time 20 " .. nginx.quote(url .. path)) end
  local function post(path, body, more)
    nginx.write(server.folder .. "/sent", body)
    return nginx.shell(("curl -sS --max-time 20 -o %s -w '%%{http_code}' --data-binary @%s %s %s"):format(
      nginx.quote(server.folder .. "/answer"), nginx.quote(server.folder .. "/sent"), more or "",
      nginx.quote(url .. path)))
  end
  local function wait_for(count)
    for _ = 1, 2000 do
      if get("/count") == tostring(count) then return end
    end
    error("no " .. count .. " events but " .. get("/count") .. ": " .. server:log())
  end

  it("with later = true responds before its events are handled, and drops repeats", function()
    local body = '{"listId":2,"teamId":1,"updatedLead":[{"leadId":1142635515796067,"updateTime":1747008000123},'
      .. '{"leadId":13,"updateTime":1},{"leadId":9007199254740993,"updateTime":2}]}'
    assert.equal("200", post("/deferred/" .. SECRET, body))
    assert.equal("ok\n", nginx.contents(server.folder .. "/answer"))
    assert.equal("200", post("/deferred/" .. SECRET, body))
    assert.equal("0", get("/count"))
    assert.equal("gone", get("/go"))
    assert.equal("200", post("/hook/" .. SECRET, '{"listId":9,"createdNote":[{"noteId":1,"leadId":5}]}'))
    wait_for(3)
    local got = { get("/take"), get("/take"), get("/take") }
    table.sort(got)
    assert.same({ "lead.updated 1142635515796067", "lead.updated 9007199254740993", "note.created 5" }, got)
    assert.matches("an unlucky lead", server:log(), 1, true)
  end)

  it("responds 500 when an event fails, and handles that event alone when the delivery is repeated", function()
    local body = '{"listId":2,"updatedLead":[{"leadId":14,"updateTime":1},{"leadId":15,"updateTime":1}]}'
    assert.equal("500", post("/hook/" .. SECRET, body))
    assert.equal("lead.updated 15", get("/take"))
    assert.equal("500", post("/hook/" .. SECRET, body))
    assert.equal("200", post("/hook/" .. SECRET, body))
    assert.equal("lead.updated 14", get("/take"))
    assert.equal("200", post("/hook/" .. SECRET, body))
    assert.equal("0", get("/count"))
  end)

  it("with a spool handles every event, whichever worker got it, and leaves no file", function()
    for i = 1, 20 do
      assert.equal("200", post("/spooled/" .. SECRET, '{"listId":2,"newLead":[{"leadId":' .. 100 + i .. "}]}"))
    end
    wait_for(20)
    local got = {}
    for i = 1, 20 do got[i] = get("/take") end
    table.sort(got)
    for i = 1, 20 do assert.equal("lead.created " .. 100 + i, got[i]) end
    local left
    for _ = 1, 2000 do
      left = nginx.shell("ls -A " .. nginx.quote(server.folder .. "/spool"))
      if left == "worker.lock" then break end
    end
    assert.equal("worker.lock", left)
  end)

  it("responds 200 to GET and HEAD with the secret", function()
    assert.equal("ok", get("/hook/" .. SECRET))
    assert.equal("200", nginx.shell("curl -sS --max-time 20 -I -o /dev/null -w '%{http_code}' "
      .. nginx.quote(url .. "/hook/" .. SECRET)))
  end)

  it("refuses a delivery of more events than Lofty sends", function()
    assert.equal("413", post("/hook/" .. SECRET, '{"listId":2,"updatedLead":[' .. ("1,"):rep(5000) .. "1]}"))
  end)

  it("refuses a wrong secret and a body that is too large", function()
    assert.equal("404", post("/hook/wrong", "{}"))
    assert.equal("404", post("/hook/wrong", ("x"):rep(200000)))
    assert.equal("413", post("/hook/" .. SECRET, ("x"):rep(100001)))
    assert.equal("413", post("/hook/" .. SECRET, ("x"):rep(100001), "-H 'Transfer-Encoding: chunked'"))
    assert.equal("400", post("/hook/" .. SECRET, "{"))
    assert.equal("405", post("/hook/" .. SECRET, "{}", "-X PUT"))
    assert.equal("200", post("/hook/" .. SECRET, '{"listId":2,"pad":"' .. ("x"):rep(90000) .. '","updatedLead":[]}'))
  end)
end)
