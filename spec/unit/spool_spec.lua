-- SPDX-License-Identifier: MIT

local child = require "spec.support.child"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local spool_file = require("lofty.spool").file
local webhook = require "lofty.webhook"

local SECRET = "a-long-random-text"

describe("a webhook handler with a spool", function()
  local folder, runtime
  before_each(function()
    folder = nginx.shell "mktemp -d"
    runtime = fake.new()
  end)
  after_each(function() nginx.shell("rm -rf " .. nginx.quote(folder)) end)

  local function new_spool() return spool_file({ path = folder .. "/spool" }, runtime, webhook.parse) end

  -- A handler over the directory, as a new process would make it.
  local function new(on_event, attempts)
    local spool = new_spool()
    return webhook.handler {
      secret = SECRET, spool = spool, on_event = on_event, attempts = attempts, on_error = function() end,
    }, spool
  end

  local function deliver(respond, ids)
    local items = {}
    for i, id in ipairs(ids) do items[i] = '{"leadId":' .. id .. "}" end
    return (respond {
      method = "POST", path = "/" .. SECRET, headers = {},
      body = '{"listId":2,"newLead":[' .. table.concat(items, ",") .. "]}",
    })
  end

  local function files() return nginx.shell("ls -A " .. nginx.quote(folder .. "/spool") .. " | grep -v worker.lock") end

  it("responds 200 before it handles events, and leaves no file when they are handled", function()
    local got = {}
    local respond, spool = new(function(event) got[#got + 1] = event.leadId end)
    assert.equal(200, deliver(respond, { 1, 2 }))
    assert.equal(200, deliver(respond, { 3 }))
    assert.same({}, got)
    assert.is_true(spool:run())
    assert.same({ 1, 2, 3 }, got)
    assert.equal("", files())
    assert.same({}, spool:failed())
  end)

  it("handles events that an earlier process left", function()
    local got = {}
    assert.equal(200, deliver(new(function() error "not called" end), { 1 }))
    local _, spool = new(function(event) got[#got + 1] = event.leadId end)
    assert.is_true(spool:run())
    assert.same({ 1 }, got)
  end)

  it("does not read a line that was cut off as a part of the next one", function()
    local got, ids, log = {}, {}, nil
    for i = 1, 11 do ids[i] = i end
    local respond, spool = new(function(event)
      got[#got + 1] = event.leadId
      -- From the second event on the log can't be written.
      if #got == 2 then nginx.shell(("mv %s %s.moved && mkdir %s"):format(log, log, log)) end
    end)
    assert.equal(200, deliver(respond, ids))
    log = nginx.quote(folder .. "/spool/" .. files():gsub("%.delivery", ".log"))
    nginx.shell(("printf 1 > %s && chmod 600 %s"):format(log, log))
    assert.is_nil(spool:run())
    nginx.shell(("rmdir %s && mv %s.moved %s"):format(log, log, log))
    assert.is_true(spool:run())
    assert.same(ids, got) -- "1" and "1 done ..." are not "11 done ..."
  end)

  it("reports a log that can't be read, and handles nothing twice", function()
    local got = {}
    local respond, spool = new(function(event) got[#got + 1] = event.leadId end)
    assert.equal(200, deliver(respond, { 1 }))
    local log = files():gsub("%.delivery", ".log")
    nginx.shell("mkdir " .. nginx.quote(folder .. "/spool/" .. log))
    local ok, err = spool:run()
    assert.is_nil(ok)
    assert.equal("store", err.kind)
    assert.same({}, got)
  end)

  it("handles the other deliveries when one can't be read, and reports and keeps that one", function()
    for _, break_it in ipairs { "mkdir %s.log", "printf '{' >%s.delivery", "rm %s.delivery; mkdir %s.delivery" } do
      local got = {}
      local respond, spool = new(function(event) got[#got + 1] = event.leadId end)
      assert.equal(200, deliver(respond, { 1 }))
      local first = files():match("[^\n]*%.delivery"):gsub("%.delivery$", "")
      assert.equal(200, deliver(respond, { 2 }))
      nginx.shell("cd " .. nginx.quote(folder .. "/spool") .. "; " .. break_it:gsub("%%s", (first:gsub("%%", "%%%%"))))
      local ok, err = spool:run()
      assert.is_nil(ok)
      assert.equal("store", err.kind)
      assert.same({ 2 }, got)
      assert.truthy(files():find(first .. ".delivery", 1, true))
      nginx.shell("rm -r " .. nginx.quote(folder .. "/spool"))
    end
  end)

  it("handles what its handler accepted: with json = \"repair\", and with more events than usual", function()
    local count, spool = 0, new_spool()
    local respond = webhook.handler {
      secret = SECRET, spool = spool, json = "repair", max_events = 7000, on_event = function() count = count + 1 end,
    }
    local request = { method = "POST", path = "/" .. SECRET, headers = {} }
    request.body = '{"listId":2,"newLead":[{"leadId":1,"note":"a\1b"}]}'
    assert.equal(200, (respond(request)))
    local leads = {}
    for i = 1, 6000 do leads[i] = '{"leadId":' .. 1 + i .. "}" end
    request.body = '{"listId":2,"newLead":[' .. table.concat(leads, ",") .. "]}"
    assert.equal(200, (respond(request)))
    assert.is_true(spool:run())
    assert.equal(6001, count)
  end)

  it("waits for a repetition no longer than usual when the clock is set back", function()
    local attempts = 0
    local respond, spool = new(function()
      attempts = attempts + 1
      if attempts == 1 then error "not yet" end
    end)
    assert.equal(200, deliver(respond, { 1 }))
    assert.is_true(spool:run(0))
    local now = runtime.now
    function runtime:now() return now(self) - 1e8 end
    assert.is_true(spool:run(0))
    assert.equal(2, attempts)
    assert.equal("", files())
  end)

  it("responds 503 when it can't write the delivery", function()
    nginx.write(folder .. "/spool", "no directory")
    assert.equal(503, deliver(new(function() end), { 1 }))
  end)

  it("retries a failed event, and no other, after growing waits", function()
    local times, got = {}, {}
    local respond, spool = new(function(event)
      if event.leadId ~= 1 then got[#got + 1] = event.leadId return end
      times[#times + 1] = runtime.time
      if #times < 4 then return nil, "not yet" end
    end)
    deliver(respond, { 1, 2 })
    assert.is_true(spool:run())
    assert.equal(4, #times)
    for i = 2, 3 do assert.is_true(times[i + 1] - times[i] > times[i] - times[i - 1]) end
    assert.same({ 2 }, got)
    assert.equal("", files())
  end)

  it("keeps attempts and waits over a restart", function()
    local tries = 0
    local function fail()
      tries = tries + 1
      error("no", 0)
    end
    local respond, spool = new(fail, 3)
    deliver(respond, { 1 })
    spool:run(0)
    spool:run(0)
    assert.equal(1, tries)
    local _, after = new(fail, 3)
    after:run(0)
    assert.equal(1, tries)
    assert.is_true(after:run())
    assert.equal(3, tries)
  end)

  it("sets an event aside after its last attempt, and tries it again on request", function()
    local broken = true
    local got = {}
    local respond, spool = new(function(event)
      if broken and event.leadId == 1 then return nil, "broken\nfor now" end
      got[#got + 1] = event.leadId
    end, 2)
    deliver(respond, { 1, 2 })
    assert.is_true(spool:run())
    local aside = new_spool():failed() -- another process may look
    assert.equal(1, #aside)
    assert.equal(1, aside[1].event.leadId)
    assert.equal("lead.created", aside[1].event.name)
    assert.equal(2, aside[1].attempts)
    assert.equal("broken for now", aside[1].error)
    broken = false
    assert.is_true(spool:run())
    assert.same({ 2 }, got)
    assert.is_true(new_spool():retry(aside[1].id))
    assert.is_true(spool:run())
    assert.same({ 2, 1 }, got)
    assert.same({}, spool:failed())
    assert.equal("", files())
  end)

  it("never tries an event again whose outcome is unknown", function()
    local tries = 0
    local respond, spool = new(function()
      tries = tries + 1
      return nil, errors.new { kind = "network", message = "no response", outcome_unknown = true }
    end)
    deliver(respond, { 1 })
    assert.is_true(spool:run())
    assert.equal(1, tries)
    assert.equal(1, #spool:failed())
  end)

  it("drops a repeat of an event that was handled", function()
    local got = {}
    local respond, spool = new(function(event) got[#got + 1] = event.leadId end)
    deliver(respond, { 1 })
    deliver(respond, { 1 })
    spool:run()
    assert.same({ 1 }, got)
  end)

  it("is handled by one process at a time", function()
    local inner
    local respond, spool = new(print)
    deliver(respond, { 1 })
    local called = 0
    spool:attach(function()
      local _, other = new(function() called = called + 1 end)
      inner = other:run()
      return true
    end)
    assert.is_true(spool:run())
    assert.is_true(inner)
    assert.equal(0, called)
  end)

  it("finds no failed event under an invalid id", function()
    for _, id in ipairs { "1", "../x.1", "00000000000001-ab.1" } do
      local ok, err = new_spool():retry(id)
      assert.is_nil(ok)
      assert.equal("not_found", err.kind)
    end
  end)

  it("raises for options that have no use beside a spool", function()
    for _, opt in ipairs { { seen = print }, { forget = print }, { later = true }, { max_body = 2 ^ 21 }, { attempts = 0 } } do
      opt.secret, opt.on_event, opt.spool = SECRET, print, new_spool()
      assert.has_error(function() webhook.handler(opt) end)
    end
    assert.has_error(function() new_spool():run() end)
    assert.has_error(function() lofty.spool.file {} end)
  end)

  it("loses no event of a delivery with a 200 response when its process is killed", function()
    local words = child.preloaded_lua .. " bench/endurance/spool.lua child " .. nginx.quote(folder)
    for round = 1, 10 do
      nginx.shell(([[
answered() { cat %s/answered 2>/dev/null | wc -l; }
n=$(answered); %s %d000000 %d999999 & pid=$!
while [ "$(answered)" -lt $((n + %d)) ] && kill -0 $pid 2>/dev/null; do :; done; kill -9 $pid; wait]]):format(
        nginx.quote(folder), words, round, round, round))
    end
    nginx.shell(words .. " 1 1")
    local handled = {}
    for id in io.lines(folder .. "/handled") do handled[id] = true end
    local count = 0
    for id in io.lines(folder .. "/answered") do
      count = count + 1
      assert.is_true(handled[id], id .. " was answered and not handled")
    end
    assert.is_true(count >= 55)
    assert.equal("", files())
  end)
end)
