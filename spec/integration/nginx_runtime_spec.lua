-- SPDX-License-Identifier: MIT

-- The nginx runtime beside its requests: the contract of runtimes, phases, map, detach, event, ensure.
local cases = require "spec.contracts.runtime"
local json = require "lofty.sandbox.server.json"
local servers = require "spec.support.nginx.servers"

local escape, new_name = servers.escape, servers.new_name

describe("nginx runtime", function()
  local box
  local function run(...) return box:run(...) end

  setup(function() box = servers.start() end)
  teardown(function() box:stop() end)

  describe("contract:", function()
    for index, case in ipairs(cases) do
      for what, more in pairs { ["in a request, "] = "", ["in detached work, "] = "&detached=1" } do
        it(what .. case.name, function()
          local status, said = box:get("/contract?case=" .. index .. "&upstream=" .. escape(box.upstream_url) .. more)
          assert.same({ 200, "passed\n" }, { status, said })
        end)
      end
    end
  end)

  describe("phases", function()
    for _, place in ipairs { "/rewrite", "/access", "/content" } do
      it("that may wait: " .. place, function()
        local status, slept, detached, mapped = run([[
          return get("/echo").status, runtime:sleep(0.001), runtime:detach(5, function() return true end),
            runtime:map({ 1, 2 }, function(n) runtime:sleep(0.001) return n end)
        ]], nil, place)
        assert.same({ 200, true, true, { 1, 2 } }, { status, slept, detached, mapped })
      end)
    end

    it("that may wait: timers", function()
      assert.matches('"timer"', box:note("timer"))
    end)

    it("that may wait: one that the runtime does not know by name (ssl_certificate_by_lua)", function()
      run [[get("", { url = "https://localhost:" .. handshake .. "/" })]]
      local said = json.decode(box:note("in_handshake"))
      assert.same({ "hello", true, true, { 1, 2 }, "ssl_cert" }, said)
    end)

    for _, case in ipairs {
      { "init", nil, "init phase" },
      { "init_worker", nil, "ngx%.timer%.at" },
      { "log", "/log", "ngx%.timer%.at" },
      { "header_filter", "/header_filter", "access_by_lua" },
      { "body_filter", "/body_filter", "access_by_lua" },
      { "set", "/set", "rewrite_by_lua" },
    } do
      it("that can't wait return an error that says what to do: " .. case[1], function()
        if case[2] then box:get(case[2]) end
        local said = json.decode(box:note(case[1]))
        for _, call in ipairs { "request", "sleep", "detach", "map" } do
          local err = said[call].err
          assert.same({ "invalid", false, case[1] }, { err.kind, err.sent, err.phase }, call)
          assert.matches(case[1], err.text)
          assert.matches(case[3], err.text)
        end
      end)
    end
  end)

  it("sleeps for a millisecond at least: nginx logs a warning about less", function()
    local function warnings()
      local _, n = box.gateway:log():gsub("ngx%.sleep%(0%)", "")
      return n
    end
    local before = warnings()
    assert.is_true(run [[return runtime:sleep(0) and runtime:sleep(0.0004)]])
    assert.equal(before, warnings())
  end)

  describe("map", function()
    it("returns results by index, whichever ends first", function()
      local results, failures = run [[
        return runtime:map({ 3, 2, 1 }, function(n) runtime:sleep(n / 500) return n * 10 end)
      ]]
      assert.same({ 30, 20, 10 }, results)
      assert.is_nil(failures)
    end)

    it("runs no more items at a time than its concurrency", function()
      local most = run [[
        local now, most = 0, 0
        runtime:map({ 1, 2, 3, 4, 5, 6, 7 }, function()
          now = now + 1
          if now > most then most = now end
          runtime:sleep(0.002)
          now = now - 1
        end, { concurrency = 3 })
        return most
      ]]
      assert.equal(3, most)
    end)

    it("records each item's error, returned or raised, and goes on with the others", function()
      local results, first, second, third = run [[
        local results, failures = runtime:map({ 1, 2, 3, 4 }, function(n, index)
          runtime:sleep(0)
          if index == 2 then return nil, "returned" end
          if index == 3 then error("raised", 0) end
          return n
        end)
        return { results[1], results[4], results[2] == nil, results[3] == nil }, failures[2], failures[3], failures[1]
      ]]
      assert.same({ 1, 4, true, true }, results)
      assert.same({ "returned", "raised" }, { first, second })
      assert.is_nil(third)
    end)

    it("records nil as true; an empty list has no results", function()
      local one, none = run [[return runtime:map({ 1 }, function() end), #runtime:map({}, error)]]
      assert.same({ true }, one)
      assert.equal(0, none)
    end)

    it("reports progress; when on_progress raises, started items end and the error has the results", function()
      local facts = run [[
        local begun, ended, told = 0, 0, {}
        local ok, err = pcall(runtime.map, runtime, { 1, 2, 3, 4, 5, 6 }, function(n)
          begun = begun + 1
          runtime:sleep(n / 500)
          ended = ended + 1
          if n == 2 then return nil, "failed" end
          return n
        end, { concurrency = 3, on_progress = function(done, total)
          told[#told + 1] = done .. "/" .. total
          if done == 2 then error("enough", 0) end
        end })
        return {
          ok = ok, cause = err.cause, message = err.message, begun = begun, ended = ended, told = table.concat(told, " "),
          first = err.results[1], second = err.errors[2],
        }
      ]]
      assert.same({ false, "enough", "map: on_progress raised: enough", "1/6 2/6", 1, "failed" },
        { facts.ok, facts.cause, facts.message, facts.told, facts.first, facts.second })
      assert.equal(facts.begun, facts.ended)
      assert.is_true(facts.begun < 6)
    end)

    it("refuses unknown options and a concurrency of 0", function()
      local _, first = run [[return pcall(runtime.map, runtime, {}, print, { concurency = 3 })]]
      local _, second = run [[return pcall(runtime.map, runtime, {}, print, { concurrency = 0 })]]
      assert.matches("concurency", first)
      assert.matches("concurrency", second)
    end)
  end)

  describe("detach", function()
    it("passes arguments and results, nils included", function()
      local n, a, b, c, phase = run [[
        local function pack(...) return select("#", ...), ... end
        return pack(runtime:detach(5, function(x, y, z) ngx.sleep(0) return x, y, z, ngx.get_phase() end, 1, nil, 3))
      ]]
      assert.same({ 4, 1, nil, 3, "timer" }, { n, a, b, c, phase })
    end)

    it("raises what the function raises", function()
      local ok, problem = run [[return pcall(runtime.detach, runtime, 5, function() error("oh", 0) end)]]
      assert.same({ false, "oh" }, { ok, problem })
    end)

    it("runs more functions at once than nginx may run timers", function()
      local sum = run [[
        local list, waiting = {}, 0
        for i = 1, 100 do list[i] = i end
        local results = runtime:map(list, function(n)
          return runtime:detach(10, function(value)
            waiting = waiting + 1
            while waiting < 100 do ngx.sleep(0.001) end -- all of them run at the same time
            return value
          end, n)
        end, { concurrency = 100 })
        local sum = 0
        for i = 1, 100 do sum = sum + results[i] end
        return sum
      ]]
      assert.equal(5050, sum)
    end)

    it("runs thousands of functions", function()
      local count_done = run [[
        local done = 0
        local list = {}
        for i = 1, 3000 do list[i] = i end
        runtime:map(list, function(n)
          local one = runtime:detach(10, function() ngx.sleep(0) return 1 end)
          done = done + one
        end, { concurrency = 20 })
        return done
      ]]
      assert.equal(3000, count_done)
    end)

    it("may be nested", function()
      local value = run [[
        return runtime:detach(5, function(rt)
          return rt:detach(5, function() ngx.sleep(0) return "inner" end)
        end, runtime)
      ]]
      assert.equal("inner", value)
    end)

    it("returns an error after the timeout, and lets the function run to its end", function()
      local name = new_name()
      local res, err = run([[
        return runtime:detach(0.05, function(get, name, dict)
          get("/hold?name=" .. name)
          dict:set("late:" .. name, "done")
        end, get, arg, dict)
      ]], name)
      assert.is_nil(res)
      assert.same({ "timeout", true }, { err.kind, err.sent })
      box:release(name)
      assert.equal("done", box:note("late:" .. name))
    end)

    it("goes on after a function that called ngx.exit, which ends all that ran in its timer", function()
      local kind, message, beside, after = run [[
        local besides
        local thread = ngx.thread.spawn(function()
          local _, err = runtime:detach(20, function() ngx.sleep(10) return "slept" end)
          besides = err.message
        end)
        local _, err = runtime:detach(20, function() ngx.exit(400) end)
        local after = runtime:detach(20, function() ngx.sleep(0.001) return "done" end)
        ngx.thread.wait(thread)
        return err.kind, err.message, besides, after
      ]]
      assert.equal("invalid", kind)
      assert.matches("ngx.exit was called", message, 1, true)
      assert.equal(message, beside)
      assert.equal("done", after)
    end)

    it("goes on when the client closes its connection", function()
      local lost, saved = new_name(), new_name()
      for name, more in pairs { [lost] = "", [saved] = "&detached=1" } do
        local target = escape(box.upstream_url .. "/hold?name=" .. name)
        assert.is_nil((box:get("/abandoned?name=" .. name .. "&url=" .. target .. more, { total = 0.1 })))
      end
      box:release(lost)
      box:release(saved)
      assert.equal("released\n", box:note("ended:" .. saved))
      -- Without detach the work was stopped.
      assert.is_nil(run([[return dict:get("ended:" .. arg)]], lost))
    end)
  end)

  describe("event", function()
    it("wakes every waiter, in requests and in detached work, and stays set", function()
      local woken, again = run [[
        local event, woken = runtime:event(), 0
        local function waiter(kept)
          if kept:wait(30) then woken = woken + 1 end
        end
        local threads = {}
        for i = 1, 3 do threads[i] = ngx.thread.spawn(waiter, event) end
        threads[4] = ngx.thread.spawn(function() return runtime:detach(30, waiter, event) end)
        repeat ngx.sleep(0) until event.semaphore:count() == -4
        event:set()
        event:set()
        for i = 1, 4 do ngx.thread.wait(threads[i]) end
        return woken, event:wait(0)
      ]]
      assert.same({ 4, true }, { woken, again })
    end)

    it("says when the time ran out", function()
      local first, second, third = run [[
        local event = runtime:event()
        return event:wait(0.001), event:wait(0), event:wait(-1)
      ]]
      assert.same({ false, false, false }, { first, second, third })
    end)

    it("waits for a time beyond what nginx can count", function()
      assert.is_true(run [[
        local event = runtime:event()
        ngx.thread.spawn(function() event:set() end)
        return event:wait(1e12)
      ]])
    end)
  end)

  describe("ensure", function()
    it("releases after the function returned, and hands on its results", function()
      local n, first, second, third, released = run [[
        local released = 0
        local function pack(...) return select("#", ...), ... end
        local n, a, b, c = pack(runtime:ensure(function() released = released + 1 end, function(x, y)
          ngx.sleep(0)
          return x, y, nil
        end, 1, 2))
        return n, a, b, c, released
      ]]
      assert.same({ 3, 1, 2, nil, 1 }, { n, first, second, third, released })
    end)

    it("releases after the function raised, and raises its error", function()
      local ok, problem, released = run [[
        local released = 0
        local ok, problem = pcall(runtime.ensure, runtime, function() ngx.sleep(0) released = released + 1 end,
          function() ngx.sleep(0) error({ "own" }) end)
        return ok, problem, released
      ]]
      assert.same({ false, { "own" }, 1 }, { ok, problem, released })
    end)

    it("raises the error of the release when the function had none", function()
      local ok, problem = run [[return pcall(runtime.ensure, runtime, function() error("stuck", 0) end, tostring, 1)]]
      assert.same({ false, "stuck" }, { ok, problem })
    end)

    it("releases in a timer after the light thread was killed", function()
      local phase, releases = run [[
        local released, count = nil, 0
        local function release() ngx.sleep(0) released, count = ngx.get_phase(), count + 1 end
        local thread = ngx.thread.spawn(function() runtime:ensure(release, ngx.sleep, 60) end)
        assert(ngx.thread.kill(thread))
        thread = nil
        repeat collectgarbage() ngx.sleep(0.001) until released
        collectgarbage()
        ngx.sleep(0)
        return released, count
      ]]
      assert.same({ "timer", 1 }, { phase, releases })
    end)
  end)

  it("does not block the worker process while calls wait", function()
    local name = new_name()
    local results = run([[
      local self = "http://" .. ngx.var.http_host
      local list = { 1, 2, 3 }
      return runtime:map(list, function(n)
        if n < 3 then return assert(get("/hold?name=" .. arg)).body end
        -- Answered by the only worker process, while its other calls wait.
        assert(get("", { url = self .. "/ping" }).body == "pong\n")
        return assert(get("/release?count=2&name=" .. arg)).body
      end)
    ]], name)
    assert.same({ "released\n", "released\n", "ok\n" }, results)
  end)

  it("has a clock of each kind", function()
    local earliest = os.time()
    local now, first, second = run [[
      local first = runtime:monotonic()
      ngx.sleep(0.003)
      return runtime:now(), first, runtime:monotonic()
    ]]
    assert.is_true(earliest - 1 < now and now < os.time() + 2) -- nginx reads its clock once an event cycle
    assert.is_true(second > first)
  end)

  it("makes a content handler of a function, which may leave work for later", function()
    local status, body = box:get("/hook/secret?a=b", { body = ("x"):rep(1200000) })
    assert.equal(200, status)
    local said = json.decode(body)
    assert.same({ "/hook/secret", "a=b", 1200000, true }, { said.path, said.query, said.size, said.taken })
    assert.equal("content", box:note("hooked"))
    assert.equal(405, (box:get("/hook/secret")))
  end)

  it("finishes detached work when nginx reloads", function()
    local name = new_name()
    local target = escape(box.upstream_url .. "/hold?name=" .. name)
    assert.is_nil((box:get("/abandoned?detached=1&name=" .. name .. "&url=" .. target, { total = 0.1 })))
    assert.equal(200, (box:get("/release?peek=1&name=" .. name, { base = box.upstream_url })))
    local before = run [[return ngx.worker.pid()]]
    os.execute("kill -HUP " .. box.gateway.pid)
    local after
    repeat after = run [[return ngx.worker.pid()]] until after ~= before
    box:release(name)
    assert.equal("released\n", box:note("ended:" .. name))
  end)

  it("never loads libcurl", function()
    local maps = run [[
      local file = assert(io.open("/proc/self/maps"))
      local text = file:read("*a")
      file:close()
      return text
    ]]
    assert.matches("libluajit", maps)
    assert.not_matches("libcurl", maps)
  end)
end)
