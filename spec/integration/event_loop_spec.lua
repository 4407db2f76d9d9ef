-- SPDX-License-Identifier: MIT

-- lofty.runtime, by way of examples/cqueues_runtime.lua. There is no cqueues for Lua 5.5.
local cases = require "spec.contracts.runtime"
local child = require "spec.support.child"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"
local wires = require "spec.support.wire"

-- Lua 5.1 can't yield across pcall, which these cases call.
local PCALL_YIELDS = require "lofty.internal.pcall_yields"
local CALLS_PCALL = {
  ["detach: raises what the function raises"] = true,
  ["ensure: releases once and raises what the function raised"] = true,
}

local describe_with_cqueues = _VERSION == "Lua 5.5" and pending or describe

describe_with_cqueues("a runtime over cqueues", function()
  local cqueues, sockets, runtime, wire, fixture

  -- Calls fn in a coroutine of a loop, runs the loop until every coroutine has ended, and raises what one raised.
  local function in_loop(fn)
    local loop = cqueues.new()
    loop:wrap(fn)
    assert(loop:loop())
  end

  setup(function()
    cqueues, sockets = require "cqueues", require "cqueues.socket"
    runtime = dofile("examples/cqueues_runtime.lua")
    wire = wires.start { tls = true }
    fixture = wire:contract_fixture(runtime)
  end)
  teardown(function()
    runtime:close()
    wire:stop()
  end)

  local function get(url, more)
    local req = { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 } }
    for name, value in pairs(more or {}) do req[name] = value end
    local res, err = runtime:request(req)
    return res, err
  end

  for _, case in ipairs(cases) do
    if PCALL_YIELDS or not CALLS_PCALL[case.name] then
      it("passes the contract: " .. case.name, function()
        in_loop(function() case.run(fixture) end)
      end)
    end
  end

  -- A server in the same loop that responds to GET /v1.0/me as soon as respond() has been called.
  local function slow_server(loop)
    local listener = sockets.listen { host = "127.0.0.1", port = 0 }
    assert(listener:listen())
    local _, _, port = listener:localname()
    local released, may_respond = false, require("cqueues.condition").new()
    loop:wrap(function()
      local connection = listener:accept()
      connection:setmode("b", "b")
      repeat local line = connection:read("*l") until not line or line == "\r"
      while not released do may_respond:wait() end
      connection:write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"userId\":1}")
      connection:flush()
      connection:close()
      listener:close()
    end)
    return "http://127.0.0.1:" .. port, function()
      released = true
      may_respond:signal()
    end
  end

  it("lets a timer of the program tick while a call waits", function()
    local loop, ticks, ticks_at_end, user = cqueues.new(), 0, nil, nil
    local url, respond = slow_server(loop)
    loop:wrap(function()
      local crm = lofty.client { api_key = "key", base_url = url, runtime = runtime }
      user = lofty.assert(crm:me())
      ticks_at_end = ticks
    end)
    loop:wrap(function()
      while ticks < 40 do -- 2 s of ticks of 50 ms, in less time
        cqueues.sleep(0.001)
        ticks = ticks + 1
      end
      respond()
    end)
    assert(loop:loop())
    assert.equal(1, user.userId)
    assert.equal(40, ticks_at_end)
  end)

  it("keeps connections, and does not use one that the server has closed", function()
    local once = wire:raw("once", [[send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]])
    in_loop(function()
      runtime:close()
      assert.is_false(assert(get(fixture.hello)).reused)
      assert.is_true(assert(get(fixture.hello)).reused)
      runtime:close()
      assert.is_false(assert(get(fixture.hello)).reused)
      assert.equal(200, assert(get(once)).status)
      wire:closed(once)
      assert.equal(200, assert(get(once, { method = "POST", body = "", once = true })).status)
    end)
  end)

  it("never sends a second time what may be sent once only", function()
    -- Reads a second request on its connection and closes without a response.
    local lost = wire:raw("lost", [[
      send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      note(read())
      note(read() or "closed")
    ]])
    in_loop(function()
      assert.equal(200, assert(get(lost)).status)
      local res, err = get(lost, { method = "POST", body = "", once = true })
      assert.is_nil(res)
      assert.equal("network", err.kind)
      assert.is_true(err.sent)
    end)
    assert.matches("^POST ", wire:wait_notes("lost", 2)[2])
  end)

  it("ends a wait for a response at the request's timeout", function()
    local silent = wire:raw("silent", "gone()")
    in_loop(function()
      local res, err = get(silent, { timeout = { connect = 60, total = 0.5 } })
      assert.is_nil(res)
      assert.equal("timeout", err.kind)
      assert.is_true(err.sent)
    end)
  end)

  it("verifies the certificate and the host's name", function()
    wire:lua("secure", "ngx.print('secure')", "tls")
    local script = os.tmpname()
    nginx.write(script, [[
      local cqueues = require "cqueues"
      local loop, runtime = cqueues.new(), dofile "examples/cqueues_runtime.lua"
      loop:wrap(function()
        for i = 1, #arg do
          local res, err = runtime:request { method = "GET", url = arg[i] .. "/lua/secure", headers = {} }
          print(res and res.status or err.kind)
        end
        print(runtime:request({ method = "GET", url = arg[1] .. "/lua/secure", headers = {} }).reused)
      end)
      assert(loop:loop())
    ]])
    local urls = {}
    for i, name in ipairs { "tls", "wrong_name", "untrusted", "expired" } do urls[i] = wire.urls[name] end
    urls[#urls + 1] = (wire.urls.tls:gsub("127%.0%.0%.1", "localhost"))
    -- luaossl does not free everything when a process ends.
    local environment = "ASAN_OPTIONS=detect_leaks=0 SSL_CERT_FILE=" .. nginx.quote(wire.ca)
    local printed = child.script(script, table.concat(urls, " "), environment)
    os.remove(script)
    assert.equal("200 tls tls tls 200 true", (printed:gsub("%s+", " "):gsub(" $", "")))
  end)

  it("refreshes a token once for several calls, and saves it", function()
    local box = sandbox.start {}
    finally(function() box:stop() end)
    in_loop(function()
      local saved = {}
      local app = box:app {
        runtime = runtime, store = lofty.store.memory(),
        on_refresh = function(token) saved[#saved + 1] = token.access_token end,
      }
      local url, state = app:authorize_url()
      local account = lofty.assert(app:connect(box:consent(url), { state = state }))
      box:control("expire", { account = account })
      local crm, count = app:client(account), #saved
      local results, errors = runtime:map({ 1, 2, 3 }, function()
        local me, err = crm:me()
        return me and me.email, err
      end)
      assert.is_nil(errors)
      assert.equal(3, #results)
      assert.equal(1, crm:stats().refreshes)
      assert.equal(count + 1, #saved)
    end)
  end)

  local it_with_pcall = PCALL_YIELDS and it or pending
  it_with_pcall("handles webhook deliveries of a spool while the program goes on", function()
    local folder, loop, handled, ticks = nginx.shell "mktemp -d", cqueues.new(), nil, 0
    finally(function() nginx.shell("rm -rf " .. nginx.quote(folder)) end)
    local url, respond = slow_server(loop)
    loop:wrap(function()
      local crm = lofty.client { api_key = "key", base_url = url, runtime = runtime }
      local spool = lofty.spool.file { path = folder }
      local receive = lofty.webhook.handler {
        secret = "secret", spool = spool,
        on_event = function()
          local me, err = crm:me()
          handled = me and ticks
          return me, err
        end,
      }
      assert.equal(200, (receive { method = "POST", path = "/secret", body = '{"listId":2,"newLead":[{"leadId":1}]}' }))
      assert.is_true(spool:run(0))
    end)
    loop:wrap(function()
      while ticks < 10 do
        cqueues.sleep(0.001)
        ticks = ticks + 1
      end
      respond()
    end)
    assert(loop:loop())
    assert.equal(10, handled)
  end)

  it("raises for a function of the loop that is missing, misspelt or none", function()
    for what, loop in pairs {
      ["the function sleep is missing"] = { monotonic = print },
      ['unknown option "sleeep", did you mean "sleep"'] = { sleeep = print },
      ["send must be a function, got string"] = { send = "send" },
    } do
      assert.error_matches(function() lofty.runtime(loop) end, what, 1, true)
    end
  end)
end)
