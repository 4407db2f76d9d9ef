-- SPDX-License-Identifier: MIT

--- What every runtime must do, as cases that need no test framework: they run under busted, inside nginx, and over a
-- runtime of your own.
--
-- Each case is { name = , run = function(fixture) }, and raises when the runtime is wrong. `fixture` says what to test:
--
--     fixture.runtime        the runtime; where it can't wait at the top level, call run() from where it can
--     fixture.hello          URL that answers 200 with the body "hello" and the header fields X-Two: a and X-Two: b
--     fixture.cut            URL whose server closes the connection without a response
--     fixture.refused        URL of a port on which nothing listens
-- @module spec.contracts.runtime

local format = string.format

local LONG = 60 -- seconds that no case waits for
local SHORT = 0.01

local function fail(text, ...) error(format(text, ...), 3) end

local function equal(expected, value, what)
  if value ~= expected then fail("%s: expected %s, got %s", what, tostring(expected), tostring(value)) end
end

local cases = {}
local function case(name, run) cases[#cases + 1] = { name = name, run = run } end

local function get(fixture, url, more)
  local request = { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 } }
  for name, value in pairs(more or {}) do request[name] = value end
  local res, err = fixture.runtime:request(request)
  return res, err
end

case("request: gives status, header fields by lower-case name, body, reused and elapsed", function(fixture)
  local res = assert(get(fixture, fixture.hello))
  equal(200, res.status, "status")
  equal("hello", res.body, "body")
  equal("a, b", res.headers["x-two"], "repeated fields")
  equal("boolean", type(res.reused), "type of reused")
  equal("number", type(res.elapsed), "type of elapsed")
end)

case("request: gives a table of its own each time", function(fixture)
  local first, second = assert(get(fixture, fixture.hello)), assert(get(fixture, fixture.hello))
  if first == second or first.headers == second.headers then fail("two responses share a table") end
end)

case("request: distinguishes a refused connection from a request that was sent", function(fixture)
  local res, err = get(fixture, fixture.refused)
  equal(nil, res, "response")
  equal("network", err.kind, "kind")
  equal(false, err.sent, "sent")
  equal(false, err.connected, "connected")
  res, err = get(fixture, fixture.cut)
  equal(nil, res, "response")
  equal("network", err.kind, "kind")
  equal(true, err.sent, "sent")
  equal(true, err.connected, "connected")
  equal(false, err.head, "head")
end)

case("request: refuses what must not be sent", function(fixture)
  for what, more in pairs {
    ["a line end in a field value"] = { headers = { ["X-A"] = "a\r\nX-B: b" } },
    ["plain http to another host"] = { url = "http://example.com/" },
    ["a user name in the URL"] = { url = "https://a:b@example.com/" },
    ["a method that is not a token"] = { method = "GET /" },
  } do
    local res, err = get(fixture, fixture.hello, more)
    if res then fail("%s was sent", what) end
    equal("invalid", err.kind, what)
    equal(false, err.sent, what .. ", sent")
  end
end)

case("request: bounds the body", function(fixture)
  local res, err = get(fixture, fixture.hello, { max_body = 4 })
  equal(nil, res, "response")
  equal("decode", err.kind, "kind")
  equal(5, #assert(get(fixture, fixture.hello, { max_body = 5 })).body, "length")
end)

case("sleep, now and monotonic: time passes", function(fixture)
  local runtime = fixture.runtime
  local before, wall = runtime:monotonic(), runtime:now()
  equal(true, runtime:sleep(SHORT), "sleep")
  if runtime:monotonic() < before + SHORT * 0.9 then fail("slept too short") end
  if runtime:now() < wall then fail("the clock went back") end
  if wall < 1e9 then fail("now is not the time since 1970") end
end)

case("map: gives results and errors by index", function(fixture)
  local runtime = fixture.runtime
  local results, errors = runtime:map({ "value", "nil", "false", "nil, err", "raise" }, function(what, index)
    runtime:sleep(0)
    if what == "value" then return index end
    if what == "false" then return false end
    if what == "nil, err" then return nil, "failed" end
    if what == "raise" then error("raised", 0) end
  end)
  equal(1, results[1], "a value")
  equal(true, results[2], "nil alone")
  equal(false, results[3], "false")
  equal(nil, results[4], "a failed item")
  equal("failed", errors[4], "its error")
  equal("raised", errors[5], "the error of an item that raised")
  results, errors = runtime:map({ 1, 2 }, function(item) return item end)
  equal(2, results[2], "a value")
  equal(nil, errors, "errors of a list without any")
end)

case("map: runs as many at once as its concurrency", function(fixture)
  local runtime = fixture.runtime
  local list, active, most = {}, 0, 0
  for i = 1, 12 do list[i] = i end
  runtime:map(list, function()
    active = active + 1
    if active > most then most = active end
    runtime:sleep(0) -- a request whose response comes at once need not wait
    local res, err = get(fixture, fixture.hello)
    active = active - 1
    return res, err
  end, { concurrency = 3 })
  equal(3, most, "most at once")
end)

case("detach: passes arguments and results", function(fixture)
  local function count(...) return select("#", ...), ... end
  local n, a, b, c = fixture.runtime:detach(LONG, count, 1, nil, 3)
  equal(3, n, "number of arguments")
  equal(1, a, "first")
  equal(nil, b, "second")
  equal(3, c, "third")
end)

case("detach: raises what the function raises", function(fixture)
  local problem = {}
  local ok, raised = pcall(fixture.runtime.detach, fixture.runtime, LONG, function() error(problem) end)
  equal(false, ok, "pcall")
  equal(problem, raised, "what was raised")
end)

case("event: a wait for one that is set returns at once", function(fixture)
  local event = fixture.runtime:event()
  event:set()
  event:set()
  equal(true, event:wait(LONG), "wait")
  equal(true, event:wait(0), "second wait")
end)

case("event: a wait ends when its time runs out", function(fixture)
  local runtime = fixture.runtime
  local event, before = runtime:event(), runtime:monotonic()
  equal(false, event:wait(SHORT), "wait")
  if runtime:monotonic() < before + SHORT * 0.9 then fail("waited too short") end
  equal(false, event:wait(0), "wait of no time")
  equal(false, event:wait(-1), "wait of negative time")
end)

case("event: set wakes every waiter", function(fixture)
  local runtime = fixture.runtime
  local event, before = runtime:event(), runtime:monotonic()
  local results = runtime:map({ "waits", "waits", "sets", "waits" }, function(what)
    if what == "waits" then
      local woken = event:wait(LONG)
      return woken
    end
    runtime:sleep(SHORT)
    event:set()
    return "set"
  end)
  equal("true true set true", format("%s %s %s %s", tostring(results[1]), tostring(results[2]), tostring(results[3]),
    tostring(results[4])), "results")
  if runtime:monotonic() - before >= LONG / 2 then fail("the waiters were not woken") end
end)

case("event: a waiter whose time ran out may wait and sleep again", function(fixture)
  local runtime = fixture.runtime
  local event = runtime:event()
  local results = runtime:map({ "waits", "sets" }, function(what)
    if what == "sets" then
      runtime:sleep(5 * SHORT)
      event:set()
      return true
    end
    local woken = event:wait(SHORT)
    if woken then return "too early" end
    runtime:sleep(SHORT)
    woken = event:wait(LONG)
    return woken
  end)
  equal(true, results[1], "the second wait")
end)

case("ensure: passes arguments and results, and releases afterwards", function(fixture)
  local runtime, steps = fixture.runtime, {}
  local function release() steps[#steps + 1] = "release" end
  local a, b, c = runtime:ensure(release, function(...)
    runtime:sleep(0)
    steps[#steps + 1] = "end"
    return select("#", ...), ...
  end, nil, 2)
  equal("2 nil 2", format("%s %s %s", tostring(a), tostring(b), tostring(c)), "results")
  equal("end release", table.concat(steps, " "), "order")
end)

case("ensure: releases once and raises what the function raised", function(fixture)
  local runtime, problem, released = fixture.runtime, {}, 0
  local ok, raised = pcall(runtime.ensure, runtime, function() released = released + 1 end, function()
    runtime:sleep(0)
    error(problem)
  end)
  equal(false, ok, "pcall")
  equal(problem, raised, "what was raised")
  equal(1, released, "releases")
end)

case("ensure: inside tasks, nested, while the function waits", function(fixture)
  local runtime, log = fixture.runtime, {}
  local function note(text) return function() log[#log + 1] = text end end
  local results, errors = runtime:map({ "returns", "raises" }, function(what)
    local value = runtime:ensure(note(what .. " outer"), function()
      local inner = runtime:ensure(note(what .. " inner"), function()
        runtime:sleep(what == "returns" and SHORT or 3 * SHORT)
        if what == "raises" then error("raised", 0) end
        return what
      end)
      return inner
    end)
    return value
  end)
  equal("returns", results[1], "result")
  equal("raised", errors and errors[2], "error")
  equal("returns inner,returns outer,raises inner,raises outer", table.concat(log, ","), "releases")
end)

return cases
