-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local errors = require "lofty.errors"
local webhook = require "lofty.webhook"

describe("a webhook handler", function()
  local SECRET = "6cGm9-long-and-random_0a"
  local BODY = '{"listId":2,"teamId":1,"updatedLead":[{"leadId":1,"updateTime":5},{"leadId":2,"updateTime":6}]}'

  local function make(opt)
    opt = opt or {}
    opt.secret = opt.secret or SECRET
    opt.got = {}
    local got = opt.got
    opt.got = nil
    opt.on_event = opt.on_event or function(event) got[#got + 1] = event end
    return webhook.handler(opt), got
  end

  local function request(fields)
    local made = { method = "POST", path = "/hook/" .. SECRET, headers = {}, body = BODY }
    for name, value in pairs(fields or {}) do made[name] = value end
    return made
  end

  it("calls on_event for each event of a delivery with the secret", function()
    local respond, got = make()
    local status, body, headers = respond(request())
    assert.equal(200, status)
    assert.equal("ok\n", body)
    assert.equal("text/plain", headers["content-type"])
    assert.same({ "lead.updated", "lead.updated" }, { got[1].name, got[2].name, got[3] })
  end)

  for _, path in ipairs {
    "/hook/", "/", "", "/hook/" .. SECRET .. "x", "/hook/" .. SECRET:sub(1, -2), "/hook/" .. SECRET:lower(),
    "/hook/x" .. SECRET, "/hook/" .. SECRET .. "/more", "/hook/?" .. SECRET, "/hook/%zz",
  } do
    it("responds 404 to " .. (path == "" and "an empty path" or path), function()
      local respond, got = make()
      assert.equal(404, (respond(request { path = path })))
      assert.equal(404, (respond(request { path = path, method = "GET" })))
      assert.same({}, got)
    end)
  end

  it("responds 404 to a request without a path", function()
    local respond = make()
    assert.equal(404, (respond { method = "POST", body = BODY }))
  end)

  for _, path in ipairs { "/" .. SECRET, "/a/b/" .. SECRET .. "/", "/hook/" .. SECRET .. "?x=1", "/%36" .. SECRET:sub(2) } do
    it("finds the secret in " .. path, function()
      local respond = make()
      assert.equal(200, (respond(request { path = path })))
    end)
  end

  it("compares secrets in constant time", function()
    local equal, asked = core.equal, 0
    core.equal = function(a, b) asked = asked + 1 return equal(a, b) end
    local respond = make { secret = { "old-secret", SECRET } }
    local status = respond(request())
    local other = respond(request { path = "/hook/old-secret" })
    core.equal = equal
    assert.equal(200, status)
    assert.equal(200, other)
    assert.equal(4, asked)
  end)

  for _, method in ipairs { "PUT", "OPTIONS", "post" } do
    it("responds 405 to " .. method, function()
      local respond, got = make()
      local status, _, headers = respond(request { method = method })
      assert.equal(405, status)
      assert.equal("GET, HEAD, POST", headers.allow)
      assert.same({}, got)
    end)
  end

  it("responds 200 to GET and HEAD, with which people check an address", function()
    local respond, got = make()
    local status, body = respond(request { method = "GET" })
    assert.equal(200, status)
    assert.equal("ok\n", body)
    status, body = respond(request { method = "HEAD" })
    assert.equal(200, status)
    assert.equal("", body)
    assert.same({}, got)
  end)

  it("finds no secret in a path that is longer than a URI may be, whatever its segments", function()
    local respond = make()
    assert.equal(404, (respond(request { path = ("/"):rep(70000) .. SECRET })))
    assert.equal(200, (respond(request { path = ("/"):rep(60000) .. SECRET .. ("/"):rep(100) })))
    assert.equal(404, (respond(request { path = ("/"):rep(60000) })))
    assert.equal(404, (respond(request { path = ("a"):rep(60000) .. "/b" })))
  end)

  it("reads a bad character with json = \"repair\"", function()
    local body = '{"listId":2,"newLead":[{"leadId":1,"firstName":"Jo\\ud83d"}]}'
    local respond = make { on_error = function() end }
    assert.equal(400, (respond(request { body = body })))
    local repairing, got = make { json = "repair" }
    assert.equal(200, (repairing(request { body = body })))
    assert.equal(1, #got)
  end)

  it("responds 413 to more events than allowed, before it calls on_event", function()
    local told = {}
    local respond, got = make { max_events = 1, on_error = function(err) told[#told + 1] = err.code end }
    assert.equal(413, (respond(request())))
    assert.same({}, got)
    assert.same({ "too_many_events" }, told)
  end)

  it("responds 413 to a body larger than max_body", function()
    local respond, got = make { max_body = #BODY }
    assert.equal(200, (respond(request())))
    assert.equal(2, #got)
    assert.equal(413, (respond(request { body = BODY .. " " })))
    assert.equal(413, (respond(request { headers = { ["content-length"] = tostring(#BODY + 1) }, body = "" })))
  end)

  it("does not read the body before it has checked secret, method and Content-Length", function()
    local respond = make { max_body = 1000 }
    local reads = 0
    local function body() reads = reads + 1 return BODY end
    respond(request { path = "/hook/wrong", body = body })
    respond(request { method = "GET", body = body })
    respond(request { headers = { ["content-length"] = "1001" }, body = body })
    assert.equal(0, reads)
    assert.equal(200, (respond(request { body = body })))
    assert.equal(1, reads)
  end)

  it("responds 400 to a body that is not a delivery, and calls on_error", function()
    local told = {}
    local respond = make { on_error = function(err) told[#told + 1] = err end }
    assert.equal(400, (respond(request { body = "{" })))
    assert.equal(400, (respond(request { body = "7" })))
    assert.equal(2, #told)
    assert.equal("decode", told[1].kind)
    local status = respond { method = "POST", path = "/" .. SECRET }
    assert.equal(400, status)
  end)

  it("shows the secret in no response", function()
    local respond = make { on_error = function() end }
    for _, fields in ipairs { {}, { path = "/x" }, { method = "GET" }, { body = "{" } } do
      local _, body, headers = respond(request(fields))
      assert.is_nil(body:find(SECRET, 1, true))
      for _, value in pairs(headers) do assert.is_nil(value:find(SECRET, 1, true)) end
    end
  end)

  describe("whose on_event fails", function()
    -- Fails for lead 1 as often as `times` says.
    local function failing(times, fail, opt)
      opt = opt or {}
      local got, told = {}, {}
      opt.on_event = function(event)
        if event.leadId == 1 and times > 0 then
          times = times - 1
          return fail()
        end
        got[#got + 1] = event.leadId
      end
      opt.on_error = function(err, event) told[#told + 1] = { tostring(err), event.leadId } end
      return make(opt), got, told
    end
    local function raise() error("not this one", 0) end

    for way, fail in pairs {
      ["raises"] = raise,
      ["returns nil, err"] = function() return nil, "not this one" end,
      ["returns false, err"] = function() return false, "not this one" end,
    } do
      it("because it " .. way .. ": handles the other events, calls on_error and responds 500", function()
        local respond, got, told = failing(1, fail)
        assert.equal(500, (respond(request())))
        assert.same({ 2 }, got)
        assert.same({ { "not this one", 1 } }, told)
      end)
    end

    it("handles that event and no other when the delivery is repeated", function()
      local respond, got = failing(2, raise)
      assert.equal(500, (respond(request())))
      assert.equal(500, (respond(request())))
      assert.equal(200, (respond(request())))
      assert.equal(200, (respond(request())))
      assert.same({ 2, 1 }, got)
    end)

    it("calls forget beside seen, so that the repeat counts as new", function()
      local known = {}
      local respond, got = failing(1, raise, {
        seen = function(key)
          local before = known[key]
          known[key] = true
          return before
        end,
        forget = function(key) known[key] = nil end,
      })
      assert.equal(500, (respond(request())))
      assert.equal(200, (respond(request())))
      assert.same({ 2, 1 }, got)
    end)

    it("reports it to on_error when forget fails", function()
      local respond, _, told = failing(1, raise, { seen = function() end, forget = function() error("no", 0) end })
      assert.equal(500, (respond(request())))
      assert.same({ { "not this one", 1 }, { "no", 1 } }, told)
    end)

    it("handles the others, and that one when it is repeated, though on_error raises too", function()
      local got, times = {}, 1
      local respond = webhook.handler {
        secret = SECRET,
        on_event = function(event)
          if event.leadId == 1 and times > 0 then
            times = 0
            error "not this one"
          end
          got[#got + 1] = event.leadId
        end,
        on_error = function() error("on_error has a mistake", 0) end,
      }
      local stderr, written = io.stderr, {}
      io.stderr = { write = function(_, ...) written[#written + 1] = table.concat { ... } end } -- luacheck: ignore 122
      local status = respond(request())
      io.stderr = stderr -- luacheck: ignore 122
      assert.equal(500, status)
      assert.same({ "lofty.webhook: on_error raised: on_error has a mistake\n" }, written)
      assert.equal(200, (respond(request())))
      assert.same({ 2, 1 }, got)
    end)

    it("responds 200 to an event whose outcome is unknown, so that it is not delivered again", function()
      local respond, got, told = failing(1, function()
        return nil, errors.new { kind = "network", message = "no response", outcome_unknown = true }
      end)
      assert.equal(200, (respond(request())))
      assert.equal(200, (respond(request())))
      assert.same({ 2 }, got)
      assert.equal(1, #told)
    end)

    it("is reported to on_error alone when the response was sent before, and the repeat counts as new", function()
      local respond, got, told = failing(1, raise, { later = function(fn, ...) fn(...) end })
      assert.equal(200, (respond(request())))
      assert.equal(1, #told)
      assert.equal(200, (respond(request())))
      assert.same({ 2, 1 }, got)
    end)
  end)

  it("responds 503 to a repeat of an event that is still being handled", function()
    local respond, inner
    local handled = 0
    respond = make { on_event = function(event)
      handled = handled + 1
      if event.leadId == 1 then inner = inner or (respond(request())) end
    end }
    assert.equal(200, (respond(request())))
    assert.equal(503, inner)
    assert.equal(2, handled)
  end)

  it("responds before it handles events, where later says so", function()
    local queue = {}
    local function later(fn, ...) queue[#queue + 1] = { fn, ... } end
    for _, way in ipairs { "function", "request" } do
      local respond, got = make { later = way == "function" and later or true }
      assert.equal(200, (respond(request { later = way == "request" and later or nil })))
      assert.same({}, got)
      local job = table.remove(queue)
      job[1](job[2])
      assert.equal(2, #got)
    end
  end)

  it("handles events before it responds where the request can be deferred and later is not set", function()
    local respond, got = make()
    assert.equal(200, (respond(request { later = function() error "called" end })))
    assert.equal(2, #got)
  end)

  it("responds 503 when later has no room", function()
    local respond, got = make { later = function() return false end }
    local status, _, headers = respond(request())
    assert.equal(503, status)
    assert.equal("60", headers["retry-after"])
    assert.same({}, got)
  end)

  it("responds 503 when handling takes longer than the runtime waits", function()
    local told = {}
    local respond = make { on_error = function(err) told[#told + 1] = err end }
    assert.equal(503, (respond(request { wait = function() return nil, "too long" end })))
    assert.same({ "too long" }, told)
  end)

  it("pauses between events, so that others get their turn", function()
    local order = {}
    local respond = make { on_event = function(event) order[#order + 1] = event.leadId end }
    assert.equal(200, (respond(request {
      wait = function(fn, ...) return fn(...) end, pause = function() order[#order + 1] = "pause" end,
    })))
    assert.same({ 1, "pause", 2 }, order)
  end)

  it("responds 503 while too many bytes of deliveries wait, and takes them again when those are handled", function()
    local jobs = {}
    local respond = make { later = function(fn, ...) jobs[#jobs + 1] = { fn, ... } end }
    local function deliver() return (respond(request { body = BODY .. (" "):rep(1000000) })) end
    for _ = 1, 4 do assert.equal(200, deliver()) end
    assert.equal(503, deliver())
    -- The limit is the process's, not the handler's.
    local other = make()
    assert.equal(503, (other(request { body = BODY .. (" "):rep(1000000) })))
    for _, job in ipairs(jobs) do job[1](job[2]) end
    assert.equal(200, deliver())
    jobs[5][1](jobs[5][2])
  end)

  describe("drops repeats", function()
    it("of one delivery, and of single events in others", function()
      local respond, got = make()
      respond(request())
      assert.equal(200, (respond(request())))
      assert.equal(2, #got)
      respond(request { body = '{"listId":2,"teamId":1,"updatedLead":[{"leadId":2,"updateTime":6},{"leadId":3,"updateTime":6}]}' })
      assert.equal(3, #got)
      assert.equal(3, got[3].leadId)
    end)

    it("within one delivery", function()
      local respond, got = make()
      respond(request { body = '{"listId":2,"newLead":[{"leadId":1},{"leadId":1}]}' })
      assert.equal(1, #got)
    end)

    it("but not a second change with the same content and without a time", function()
      local respond, got = make()
      for _ = 1, 2 do respond(request { body = '{"listId":12,"leadId":1,"stage":"Contacted"}' }) end
      assert.equal(2, #got)
      for _ = 1, 2 do respond(request { body = '{"listId":3,"leadId":1,"type":"visit"}' }) end
      assert.equal(4, #got)
    end)

    it("for which opt.seen returns true", function()
      local asked, before = {}, {}
      local respond, got = make {
        seen = function(key, event)
          asked[#asked + 1] = event.leadId
          local known = before[key]
          before[key] = true
          return known
        end,
      }
      respond(request())
      respond(request())
      assert.equal(2, #got)
      assert.same({ 1, 2, 1, 2 }, asked)
    end)

    it("but handles an event when opt.seen raises", function()
      local told = {}
      local respond, got = make {
        seen = function() error("the dict is full", 0) end,
        on_error = function(err) told[#told + 1] = err end,
      }
      respond(request())
      assert.equal(2, #got)
      assert.same({ "the dict is full", "the dict is full" }, told)
    end)

    it("with a memory of bounded size", function()
      local recent = require("lofty.webhook.recent_keys")(3)
      assert.is_false(recent:seen("a"))
      assert.is_true(recent:seen("a"))
      for _, key in ipairs { "b", "c", "d" } do assert.is_false(recent:seen(key)) end
      assert.is_true(recent:seen("a"))
      recent:forget("a")
      assert.is_false(recent:seen("a"))
      for i = 1, 7 do recent:seen("n" .. i) end
      assert.is_false(recent:seen("b"))
    end)
  end)

  describe("with invalid options", function()
    local function noop() end
    for _, case in ipairs {
      { "without a secret", { on_event = noop }, "secret" },
      { "with an empty secret", { secret = "", on_event = noop }, "secret" },
      { "with a secret that is not a path segment", { secret = "a/b", on_event = noop }, "secret" },
      { "with an empty list of secrets", { secret = {}, on_event = noop }, "secret" },
      { "without on_event", { secret = "s" }, "on_event" },
      { "with a seen that is not a function", { secret = "s", on_event = noop, seen = {} }, "seen" },
      { "with a max_body of 0", { secret = "s", on_event = noop, max_body = 0 }, "max_body" },
      { "with another json", { secret = "s", on_event = noop, json = "lax" }, "json" },
      { "with a later that is not a function", { secret = "s", on_event = noop, later = 1 }, "later" },
      { "with max_events as text", { secret = "s", on_event = noop, max_events = "5" }, "max_events" },
      { "with an unknown option", { secret = "s", on_event = noop, on_events = noop }, "on_events" },
    } do
      it("raises on the caller's line: " .. case[1], function()
        local ok, message = pcall(function() local made = webhook.handler(case[2]) return made end)
        assert.is_false(ok)
        assert.matches("webhook_handler_spec.lua", message, 1, true)
        assert.matches(case[3], message, 1, true)
      end)
    end
  end)

  it("raises when it is called without a request", function()
    local respond = make()
    assert.has_error(function() respond() end)
  end)
end)
