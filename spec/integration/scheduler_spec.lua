-- SPDX-License-Identifier: MIT

local wires = require "spec.support.wire"
local nginx = require "lofty.sandbox.nginx"
local timers = require "lofty.runtime.curl.timers"

describe("map in plain Lua", function()
  local runtime = require "lofty.runtime.curl"
  local wire, hello, meeting

  -- Answers "met" once so many requests of this name are there at the same time, "alone" after some seconds.
  local MEETING = [[
    local counts = package.loaded.meeting_counts or {}
    package.loaded.meeting_counts = counts
    local name, wanted = ngx.var.arg_name, tonumber(ngx.var.arg_count)
    counts[name] = (counts[name] or 0) + 1
    for _ = 1, 600 do
      if counts[name] >= wanted then return ngx.print("met ", ngx.var.connection) end
      ngx.sleep(0.005)
    end
    ngx.print("alone")
  ]]

  setup(function()
    wire = wires.start { tls = true }
    hello = wire:lua("hello", "ngx.print(ngx.var.arg_i)")
    meeting = wire:lua("meeting", MEETING)
  end)
  teardown(function()
    runtime:close()
    wire:stop()
  end)

  local function body(url)
    local res, err = runtime:request { method = "GET", url = url, headers = {}, ca = wire.ca }
    if not res then error(err, 0) end
    return res.body
  end

  local meetings = 0
  -- An URL at which `count` requests have to be at the same time.
  local function meet(count, base)
    meetings = meetings + 1
    return ("%s?name=m%d&count=%d"):format(base or meeting, meetings, count)
  end

  local function range(count)
    local list = {}
    for i = 1, count do list[i] = i end
    return list
  end

  it("has many requests in flight, and gives results in order", function()
    local url = meet(8)
    local results, errors = runtime:map(range(8), function(item, index)
      assert(item == index)
      local text = body(url)
      return item .. text:sub(1, 3)
    end, { concurrency = 8 })
    assert.is_nil(errors)
    assert.same({ "1met", "2met", "3met", "4met", "5met", "6met", "7met", "8met" }, results)
  end)

  it("runs no more items at once than its concurrency", function()
    local running, most = 0, 0
    local results = runtime:map(range(20), function(item)
      running = running + 1
      if running > most then most = running end
      local text = body(hello .. "?i=" .. item)
      running = running - 1
      return text
    end, { concurrency = 3 })
    assert.equal(3, most)
    for i = 1, 20 do assert.equal(tostring(i), results[i]) end
  end)

  it("shares one HTTP/2 connection", function()
    local url = meet(6, wire:lua("meeting", MEETING, "h2"))
    local results, errors = runtime:map(range(6), function()
      local text = body(url)
      return text
    end, { concurrency = 6 })
    assert.is_nil(errors)
    assert.matches("^met %d+$", results[1])
    for i = 2, 6 do assert.equal(results[1], results[i]) end
  end)

  it("keeps each result and each error by index", function()
    local results, errors = runtime:map({ "value", "nothing", "false", "nil, err", "raise", "raise nil", "several" }, function(what)
      runtime:sleep(0)
      if what == "value" then return { 1 } end
      if what == "false" then return false, "not a failure" end
      if what == "nil, err" then return nil, "a failure" end
      if what == "raise" then error({ "a table" }) end
      if what == "raise nil" then error() end
      if what == "several" then return 1, 2, 3 end
    end)
    assert.same({ { 1 }, true, false, nil, nil, nil, 1 }, results)
    assert.equal("a failure", errors[4])
    assert.same({ "a table" }, errors[5])
    assert.is_string(errors[6])
    assert.is_nil(errors[7])
  end)

  it("takes an empty list", function()
    local results, errors = runtime:map({}, error)
    assert.same({}, results)
    assert.is_nil(errors)
  end)

  it("raises for wrong arguments", function()
    local function blamed(...)
      local ok, err = pcall(runtime.map, runtime, ...)
      assert.is_false(ok)
      return err
    end
    assert.matches("concurency", blamed({}, print, { concurency = 1 }))
    assert.matches("concurrency", blamed({}, print, { concurrency = 0 }))
    assert.matches("concurrency", blamed({}, print, { concurrency = 1.5 }))
    assert.matches("function", blamed({}, 1))
    assert.matches("list", blamed(nil, print))
  end)

  it("calls on_progress for each item, and on_progress may make requests", function()
    local told = {}
    local results = runtime:map(range(5), function(item)
      local text = body(hello .. "?i=" .. item)
      return text
    end, { concurrency = 2, on_progress = function(done, total)
      told[#told + 1] = done .. "/" .. total .. " " .. body(hello .. "?i=p")
    end })
    assert.same({ "1/5 p", "2/5 p", "3/5 p", "4/5 p", "5/5 p" }, told)
    assert.equal(5, #results)
  end)

  it("calls on_progress between items that do not wait", function()
    local order = {}
    runtime:map(range(3), function(item) order[#order + 1] = "item " .. item end,
      { concurrency = 1, on_progress = function(done) order[#order + 1] = "done " .. done end })
    assert.same({ "item 1", "done 1", "item 2", "done 2", "item 3", "done 3" }, order)
  end)

  it("goes on after each item that raises, before a wait or after it", function()
    local told = 0
    local results, errors = runtime:map(range(12), function(item)
      if item % 3 == 0 then error({ item }) end
      local text = body(hello .. "?i=" .. item)
      if item % 3 == 1 then error({ item }) end
      return text
    end, { concurrency = 2, on_progress = function() told = told + 1 end })
    for item = 1, 12 do
      if item % 3 == 2 then assert.equal(tostring(item), results[item]) else assert.same({ item }, errors[item]) end
    end
    assert.equal(12, told)
  end)

  it("lets what has started end when on_progress raises, starts nothing more, and raises with the results", function()
    local started, ended = 0, 0
    local cause = { "enough" }
    local ok, err = pcall(runtime.map, runtime, range(20), function(item)
      started = started + 1
      body(hello .. "?i=" .. item)
      body(hello .. "?i=" .. item)
      ended = ended + 1
      if item == 2 then return nil, "failed" end
      return item
    end, { concurrency = 4, on_progress = function() error(cause) end })
    assert.is_false(ok)
    assert.equal(cause, err.cause)
    assert.matches("on_progress raised", err.message)
    assert.equal(1, err.results[1])
    assert.same({ [2] = "failed" }, err.errors)
    assert.equal(started, ended)
    assert.is_true(started >= 4 and started < 20)
    assert.equal("x", body(hello .. "?i=x"))
  end)

  it("may be nested", function()
    local url = meet(9)
    local results, errors = runtime:map(range(3), function()
      local inner, failed = runtime:map(range(3), function()
        local text = body(url)
        return text:sub(1, 3)
      end)
      assert(not failed)
      return table.concat(inner, " ")
    end)
    assert.is_nil(errors)
    assert.same({ "met met met", "met met met", "met met met" }, results)
  end)

  it("wakes sleepers in the order of their time", function()
    local order = {}
    runtime:map({ 0.04, 0.01, 0.03, 0.02 }, function(seconds)
      runtime:sleep(seconds)
      order[#order + 1] = seconds
    end)
    assert.same({ 0.01, 0.02, 0.03, 0.04 }, order)
  end)

  it("resumes a task that yields by itself after the others", function()
    local order = {}
    local results = runtime:map({ "a", "b" }, function(item)
      for i = 1, 2 do
        order[#order + 1] = item .. i
        coroutine.yield("whatever")
      end
      return item
    end)
    assert.same({ "a1", "b1", "a2", "b2" }, order)
    assert.same({ "a", "b" }, results)
  end)

  it("does not close connections in use", function()
    local results, errors = runtime:map(range(4), function(item)
      if item == 2 then runtime:close() end
      local text = body(hello .. "?i=" .. item)
      return text
    end)
    assert.is_nil(errors)
    assert.same({ "1", "2", "3", "4" }, results)
  end)

  it("gives a failed request back as the item's error", function()
    local port = nginx.free_ports(1)[1]
    local results, errors = runtime:map(range(2), function()
      local res, err = runtime:request { method = "GET", url = "http://127.0.0.1:" .. port .. "/", headers = {} }
      if not res then return nil, err end
      return res
    end)
    assert.same({}, results)
    assert.equal("network", errors[1].kind)
    assert.equal("network", errors[2].kind)
  end)

  it("keeps nothing of a task that has ended", function()
    local weak = setmetatable({}, { __mode = "k" })
    runtime:map(range(10), function(item)
      weak[coroutine.running()] = true
      body(hello .. "?i=" .. item)
    end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)

  -- Where a coroutine may not yield, what waits there runs the others from where it stands.
  describe("runs the other tasks while one waits", function()
    local places = {
      { "in pcall", function(fetch)
        local ok, text = pcall(fetch)
        assert(ok, text)
        return text
      end },
      { "in xpcall", function(fetch)
        local ok, text = xpcall(fetch, debug.traceback)
        assert(ok, text)
        return text
      end },
      { "in a comparison of sort", function(fetch)
        local text
        table.sort({ 2, 1 }, function(a, b)
          text = text or fetch()
          return a < b
        end)
        return text
      end },
      { "in gsub", function(fetch)
        local text = ("x"):gsub("x", function()
          local found = fetch()
          return found
        end)
        return text
      end },
      { "in a metamethod", function(fetch)
        local t = setmetatable({}, { __index = function()
          local found = fetch()
          return found
        end })
        local text = t.text
        return text
      end },
      { "in an arithmetic metamethod", function(fetch)
        local t = setmetatable({}, { __add = function()
          local found = fetch()
          return found
        end })
        local text = t + 1
        return text
      end },
      { "in the iterator of a for", function(fetch)
        local text
        local function following(_, last)
          if last then return nil end
          local found = fetch()
          return found
        end
        for found in following do text = found end
        return text
      end },
      { "in a tail call", function(fetch)
        local function tail() return fetch() end
        return tail()
      end },
      { "in a function without a name", function(fetch)
        local functions = { { fetch } }
        return (functions[1][1]())
      end },
      { "in the user's own coroutine", function(fetch)
        local text = coroutine.wrap(function()
          local found = fetch()
          return found
        end)()
        return text
      end },
      { "in a coroutine of the user's that yields items", function(fetch)
        local items = {}
        for item in coroutine.wrap(function()
          coroutine.yield("first")
          coroutine.yield(fetch())
        end) do
          items[#items + 1] = item
        end
        assert(items[1] == "first" and #items == 2)
        return items[2]
      end },
      { "in nothing special", function(fetch)
        local text = fetch()
        return text
      end },
    }
    for _, place in ipairs(places) do
      it(place[1], function()
        local url = meet(5)
        local results, errors = runtime:map(range(5), function()
          local text = place[2](function()
            local found = body(url)
            return found
          end)
          return text:sub(1, 3)
        end)
        assert.is_nil(errors)
        assert.same({ "met", "met", "met", "met", "met" }, results)
      end)
    end

    it("in any of them, one after the other, in many tasks", function()
      local results, errors = runtime:map(range(300), function(item)
        local place = places[item % #places + 1]
        local last
        for i = 1, 3 do
          last = place[2](function()
            local text = body(hello .. "?i=" .. item * 10 + i)
            return text
          end)
        end
        return last
      end, { concurrency = 100 })
      assert.is_nil(errors)
      for i = 1, 300 do assert.equal(tostring(i * 10 + 3), results[i]) end
    end)
  end)

  it("resumes no task on top of one that is inside ensure and cannot yield", function()
    local resumed, during = 0, nil
    local results, errors = runtime:map(range(6), function(item)
      if item == 1 then
        table.sort({ 2, 1 }, function(a, b)
          if during then return a < b end
          during = runtime:ensure(function() end, function()
            local before = resumed
            body(hello .. "?i=1")
            runtime:sleep(0.02)
            coroutine.wrap(function() runtime:sleep(0.02) end)()
            return resumed - before
          end)
          return a < b
        end)
      else
        for _ = 1, 3 do
          runtime:sleep(0.001)
          resumed = resumed + 1
        end
      end
      return item
    end)
    assert.is_nil(errors)
    assert.equal(0, during)
    assert.equal(15, resumed)
    assert.same(range(6), results)
  end)

  it("wakes every waiter of an event, whether waiters and leader may yield or not", function()
    local flight, wrong = nil, false
    local function fetch_alone(item)
      while flight do
        if not flight:wait(5) then wrong = true end
      end
      local event = runtime:event()
      flight = event
      local text = runtime:ensure(function()
        flight = nil
        event:set()
      end, function()
        local found = body(hello .. "?i=" .. item)
        if flight ~= event then wrong = true end
        return found
      end)
      return text
    end
    local results, errors = runtime:map(range(30), function(item)
      local text
      if item % 3 == 0 then
        local _, found = pcall(fetch_alone, item)
        text = found
      elseif item % 3 == 1 then
        text = coroutine.wrap(function()
          local found = fetch_alone(item)
          coroutine.yield(found)
        end)()
      else
        text = fetch_alone(item)
      end
      return text
    end, { concurrency = 10 })
    assert.is_nil(errors)
    assert.is_false(wrong)
    for i = 1, 30 do assert.equal(tostring(i), results[i]) end
  end)

  it("releases what ensure holds when a task raises in it", function()
    local released = {}
    local _, errors = runtime:map(range(2), function(item)
      runtime:ensure(function() released[#released + 1] = item end, function()
        runtime:sleep(0.001)
        error({ "item " .. item })
      end)
    end)
    assert.same({ { "item 1" }, { "item 2" } }, errors)
    assert.same({ 1, 2 }, released)
  end)

  it("keeps nothing of an event's waiters whose time ran out", function()
    local weak, event = setmetatable({}, { __mode = "k" }), runtime:event()
    runtime:map(range(10), function()
      weak[coroutine.running()] = true
      event:wait(0.001)
    end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
    event:set()
  end)

  it("runs the others while a task sleeps", function()
    local slept = false
    local results = runtime:map({ "sleeper", "worker" }, function(item)
      if item == "sleeper" then
        runtime:sleep(1) -- longer than three requests take
        slept = true
        return true
      end
      for i = 1, 3 do body(hello .. "?i=" .. i) end
      return slept
    end)
    assert.is_false(results[2])
  end)
end)

describe("timers", function()
  it("come out in the order of their time, none before it", function()
    local heap = timers.new()
    assert.is_nil(heap:first())
    assert.is_nil(heap:take(1e9))
    local numbers, state = {}, 12345
    for i = 1, 500 do
      state = (state * 1103515245 + 12345) % 2147483648
      numbers[i] = state % 100
      heap:add(numbers[i], numbers[i])
    end
    table.sort(numbers)
    assert.equal(numbers[1], heap:first())
    assert.is_nil(heap:take(numbers[1] - 1))
    for i = 1, 500 do assert.equal(numbers[i], heap:take(100)) end
    assert.is_nil(heap:take(100))
    assert.is_nil(heap:first())
  end)
end)
