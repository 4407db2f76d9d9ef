-- SPDX-License-Identifier: MIT

local child = require "spec.support.child"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local fake_client = require "spec.support.fake_client"
local lofty = require "lofty"

local json = fake.json
local unpack = table.unpack or unpack -- luacheck: ignore

local function client(answer, options)
  local runtime = fake.new(answer)
  local opt = { api_key = "key-secret", base_url = "http://127.0.0.1:1", runtime = runtime }
  for name, value in pairs(options or {}) do opt[name] = value end
  return lofty.client(opt), runtime
end

local function ok() return json(200, "{}") end

describe("crm:with", function()
  it("gives a view with other options, which leaves the client as it was", function()
    local crm, runtime = client(ok)
    local view = crm:with { timeout = 5 }
    assert(view:get("/v1.0/me"))
    assert.same({ connect = 5, total = 5 }, runtime.requests[1].timeout)
    assert(crm:get("/v1.0/me"))
    assert.same({ connect = 10, total = 60 }, runtime.requests[2].timeout)
  end)

  it("shares credential, rate limit and counters", function()
    local crm, runtime = client(ok, { limit = 1 })
    local view = crm:with {}
    assert(crm:get("/v1.0/me"))
    assert(view:get("/v1.0/me"))
    assert.equal("token key-secret", runtime.requests[2].headers.Authorization)
    assert.equal(2, crm:stats().calls)
    assert.is_true(runtime.time >= 1000060)
  end)

  it("can be made of a view", function()
    local crm, runtime = client(ok)
    local view = crm:with({ timeout = 5 }):with { validate = false }
    assert(view.leads:update("1", { nickname = "x" }))
    assert.equal(5, runtime.requests[1].timeout.total)
  end)

  it("raises for unknown options, on the caller's line", function()
    local crm = client(ok)
    for _, wrong in ipairs { { deadlin = 1 }, { deadline = 0 }, { deadline = "1" }, { dry_run = 1 }, { timeout = -1 }, 5 } do
      local fine, message = pcall(function() local _ = crm:with(wrong) end)
      assert.is_false(fine)
      assert.truthy(message:find("with_spec.lua:%d+: "), message)
    end
  end)
end)

describe("a deadline", function()
  it("bounds a request's timeouts by what is left", function()
    local crm, runtime = client(ok)
    assert(crm:with({ deadline = 2.5 }):get("/v1.0/me"))
    assert.same({ connect = 2.5, total = 2.5 }, runtime.requests[1].timeout)
  end)

  it("ends a call that would wait longer for the rate limit, at once and without sending it", function()
    local crm, runtime = client(ok, { limit = 1 })
    assert(crm:get("/v1.0/me"))
    local before = runtime.time
    local value, err = crm:with({ deadline = 3 }):post("/v1.0/notes", { a = 1 })
    assert.is_nil(value)
    assert.equal("timeout", err.kind)
    assert.is_false(err.sent)
    assert.truthy(err.message:find("deadline of 3 s ends before the rate limit allows it", 1, true), err.message)
    assert.equal(before, runtime.time)
    assert.equal(1, #runtime.requests)
  end)

  it("ends a call instead of a retry that would come later, with the err of the last attempt", function()
    local crm, runtime = client(function()
      return json(429, '{"message":"slow down"}', { ["retry-after"] = "30" })
    end)
    local _, err = crm:with({ deadline = 5 }):get("/v1.0/me")
    assert.equal("timeout", err.kind)
    assert.equal(429, err.status)
    assert.equal(30, err.retry_after)
    assert.is_true(err.retryable)
    assert.equal("rate_limit", err.cause.kind)
    assert.truthy(err.message:find("the next attempt", 1, true) and err.message:find("slow down", 1, true), err.message)
    assert.equal(1, #runtime.requests)
    assert.is_true(runtime.time < 1000005)
  end)

  it("keeps the unknown outcome of a write", function()
    local crm = client(function()
      return nil, errors.new { kind = "network", sent = true, message = "the connection broke" }
    end)
    local _, err = crm:with({ deadline = 0.0001, retry = { base = 1000 } }):put("/v1.0/notes/{noteId}", { noteId = 1 })
    assert.equal("timeout", err.kind)
    assert.is_true(err.outcome_unknown)
    assert.truthy(err.message:find("GET /v1.0/notes", 1, true), err.message)
  end)

  it("leaves the retry policy alone when there is time", function()
    local answers = { 503, 503, 200 }
    local crm, runtime = client(function(_, i) return json(answers[i], "{}") end)
    assert(crm:with({ deadline = 1000 }):get("/v1.0/me"))
    assert.equal(3, #runtime.requests)
  end)

  it("begins anew with each call, and may be an option of the client", function()
    local crm, runtime = client(function(request)
      request.seen = request.timeout.total
      return json(200, "{}")
    end, { deadline = 4 })
    for i = 1, 3 do
      assert(crm:get("/v1.0/me"))
      assert.equal(4, runtime.requests[i].seen)
      runtime.time = runtime.time + 10
    end
  end)

  it("of a walk bounds each of its calls", function()
    local crm, runtime = client(ok)
    local view = crm:with { deadline = 10 }
    local ends = view:walk_deadline()
    runtime.time = runtime.time + 8
    local call = { operation = "x", method = "GET", path = "/v1.0/x", class = "read", deadline = ends }
    assert(view:send(call))
    assert.equal(2, runtime.requests[1].timeout.total)
    runtime.time = runtime.time + 3
    local _, err = view:send(call)
    assert.equal("timeout", err.kind)
    assert.is_nil(crm:walk_deadline())
  end)
end)

describe("a deadline of a walk", function()
  it("counts from the first page, and ends the walk with the cursor", function()
    local runtime
    local function page(_, number)
      runtime.time = runtime.time + 1
      return json(200, ('{"_metadata":{"total":1000,"offset":%d,"limit":1},"leads":[{"leadId":%d}]}'):format(number - 1, number))
    end
    local crm
    crm, runtime = client(page)
    local items, err = crm:with({ deadline = 3.5 }).leads:all()
    assert.is_nil(items)
    assert.equal("timeout", err.kind)
    assert.truthy(err.cursor)
    assert.equal(4, #runtime.requests)
    assert.equal(3.5, runtime.requests[1].timeout.total)
    assert.equal(0.5, runtime.requests[4].timeout.total)
  end)

  it("bounds a get that waits for its record", function()
    local crm, runtime = client(function() return json(404, '{"message":"not yet"}') end)
    local before = runtime.time
    local lead, err = crm:with({ deadline = 3 }).leads:get("1", { wait = 60 })
    assert.is_nil(lead)
    assert.is_table(err)
    assert.is_true(runtime.time - before <= 3, runtime.time - before .. " s")
  end)
end)

describe("a dry run", function()
  local shown
  local function dry(answer)
    shown = {}
    return client(answer or ok, { dry_run = true, on_dry_run = function(call) shown[#shown + 1] = call end })
  end

  it("sends reads and shows writes", function()
    local crm, runtime = dry()
    assert(crm:get("/v1.0/leads"))
    assert.equal(1, #runtime.requests)
    local result, response = crm.leads:update("651095960136641", { stage = "Contacted" })
    assert.equal("Contacted", result.stage)
    assert.is_true(response.dry_run)
    assert.equal(1, #runtime.requests)
    assert.equal("leads.update", shown[1].operation)
    assert.equal("PUT", shown[1].method)
    assert.equal("http://127.0.0.1:1/v1.0/leads/651095960136641", shown[1].url)
    assert.same({ stage = "Contacted" }, shown[1].body)
  end)

  it("checks writes as if they were sent", function()
    local crm = dry()
    local value, err = crm.leads:update("1", { stagee = "x" })
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    value, err = crm:put("/v1.0/leads/{leadId}", { stage = "x" })
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.equal(0, #shown)
  end)

  it("gives a placeholder for ids, and sends no call that holds one", function()
    local crm, runtime = dry()
    local lead = assert(crm.leads:create { firstName = "Ann" })
    assert.equal("Ann", lead.firstName)
    assert.equal(lofty.placeholder, lead.leadId)
    assert.equal(lofty.placeholder, lead.id)
    assert.is_nil(lead.stage)
    assert(crm:get("/v1.0/leads/{leadId}", { leadId = lead.leadId }))
    assert(crm.notes:create { leadId = lead.leadId, content = "x", isPin = false })
    assert.equal(0, #runtime.requests)
    assert.equal("http://127.0.0.1:1/v1.0/leads/placeholder", shown[2].url)
    assert.equal("placeholder", shown[3].body.leadId)
  end)

  it("accepts the placeholder wherever an operation takes an id", function()
    local crm, runtime = dry()
    for _, one in ipairs(fake_client.operations()) do
      local arguments, holds = fake_client.arguments(one.op), one.op.path:find("{", 1, true)
      local index = 0
      for _ in one.op.path:gmatch "%b{}" do
        index = index + 1
        arguments[index] = lofty.placeholder
      end
      if holds then
        local before = #shown
        local value, err = one.resource(crm)[one.verb](one.resource(crm), unpack(arguments))
        assert.is_table(value, one.name .. ": " .. tostring(err))
        assert.equal(before + 1, #shown, one.name)
        assert.truthy(shown[#shown].url:find("/placeholder", 1, true), shown[#shown].url)
      end
    end
    assert.equal(0, #runtime.requests)
  end)

  it("refuses the placeholder outside a dry run", function()
    local crm, runtime = client(ok)
    local value, err = crm.notes:list { leadId = lofty.placeholder }
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.equal(0, #runtime.requests)
  end)

  it("gives an empty list for every list whose filter holds the placeholder, and sends nothing", function()
    local crm, runtime = dry()
    local count = 0
    local function with_placeholder(shape)
      local value, holds = fake_client.sample(shape), false
      for name, field in pairs(shape.fields or {}) do
        if (field.format == "int64" or field.as == "integer") and not field.readonly then value[name], holds = lofty.placeholder, true end
      end
      return value, holds
    end
    for _, one in ipairs(fake_client.operations()) do
      local filter, holds
      local shape = one.op.page and not one.op.path:find("{", 1, true) and (one.op.query or one.op.body)
      if shape then filter, holds = with_placeholder(shape) end
      if holds then
        count = count + 1
        local list = one.resource(crm)[one.verb]
        local items, err = list.all(one.resource(crm), filter)
        assert.same({}, items, one.name .. ": " .. tostring(err))
        for _ in list.pages(one.resource(crm), filter) do error(one.name .. " gave a page") end
        assert.equal(2 * count, #shown, one.name)
        assert.equal(one.name, shown[#shown].operation)
      end
    end
    assert.is_true(count > 3, count .. " lists")
    assert.equal(0, #runtime.requests)
    local value, response = crm.notes:list { leadId = lofty.placeholder }
    assert.equal(lofty.placeholder, value.leadId)
    assert.is_true(response.dry_run)
    assert.equal(0, #runtime.requests)
  end)

  it("is an option of a view", function()
    local crm, runtime = client(ok)
    local plan = crm:with { dry_run = true, on_dry_run = function() end }
    assert(plan:post("/v1.0/notes", { content = "x" }))
    assert.equal(0, #runtime.requests)
    assert(plan:with({ dry_run = false }):post("/v1.0/notes", { content = "x" }))
    assert.equal(1, #runtime.requests)
  end)

  it("is switched on by LOFTY_DRY_RUN=1 and writes lines without secrets to stderr", function()
    local printed = child.run([[
      local crm = require("lofty").client { api_key = "key-secret", base_url = "http://127.0.0.1:1" }
      assert(crm:put("/v1.0/leads/{leadId}", { leadId = 5, note = "key-secret \27[2J" }))
    ]], "LOFTY_DRY_RUN=1")
    assert.equal('lofty: dry run, not sent: PUT http://127.0.0.1:1/v1.0/leads/5 {"note":"*** \\u001b[2J"}', printed)
  end)
end)

describe("LOFTY_DEBUG=json", function()
  it("writes one JSON object a line, with an id for each call", function()
    local printed = child.run([[
      local runtime = require("spec.support.fake_runtime").new(function(r)
        return { status = r.url:find("me") and 200 or 404, body = "", headers = {} }
      end)
      local crm = require("lofty").client { api_key = "key-secret", runtime = runtime }
      crm:get("/v1.0/me")
      crm:get("/v1.0/x", { q = "private" })
    ]], "LOFTY_DEBUG=json")
    local lines = {}
    for line in printed:gmatch("[^\n]+") do lines[#lines + 1] = assert(lofty.json.decode(line)) end
    assert.equal(4, #lines)
    assert.same({ "request", "response", "request", "response" },
      { lines[1].event, lines[2].event, lines[3].event, lines[4].event })
    assert.equal(lines[1].id, lines[2].id)
    assert.not_equal(lines[1].id, lines[3].id)
    assert.equal(404, lines[4].status)
    assert.is_nil(printed:find("private", 1, true))
    assert.is_nil(printed:find("secret", 1, true))
  end)
end)
