-- SPDX-License-Identifier: MIT

-- The operations by name against the emulator.
local fake = require "spec.support.fake_client"
local lofty = require "lofty"
local sandbox = require "lofty.sandbox"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local FIRST = "651095960136641" -- the lead with all kinds of records
local DAY = 86400

local box, crm

local function new_client(options)
  local opt = { api_key = box.api_key, base_url = box.url, retry = false, limit = 1000000, timeout = 10 }
  for name, value in pairs(options or {}) do opt[name] = value end
  return lofty.client(opt)
end

local function count(items)
  local seen, number = {}, 0
  for _, item in ipairs(items) do
    local id = tostring(item.id or item.transactionId or item.listingId or item.leadId or item)
    assert.is_nil(seen[id], "twice: " .. id)
    seen[id] = true
    number = number + 1
  end
  return number
end

-- Arguments that match existing records.
local function arguments_of(one)
  local now = os.time()
  local list = fake.arguments(one.op)
  for i, value in ipairs(list) do
    if type(value) ~= "table" then
      if one.op.path:find("leadId", 1, true) then list[i] = FIRST end
    else
      if value.leadId then value.leadId = FIRST end
      if one.op.path:find("/agent", 1, true) then
        local days = one.op.path:find("v2.0", 1, true) and 90 or 1
        value.startTime, value.endTime, value.type = (now - days * DAY) * 1000, now * 1000, "ALL"
      elseif one.name == "calendar.list" then
        value.startTime, value.includeFinished = "2020-01-01T00:00:00Z", true
      elseif one.name == "calendar.available_meetings" then
        value.startTime = os.date("!%Y-%m-%dT%H:%M:%SZ", now + DAY)
        value.endTime = os.date("!%Y-%m-%dT%H:%M:%SZ", now + 3 * DAY)
      elseif one.name == "transactions.list" then
        value.transactionType = "All"
      end
    end
  end
  return list
end

-- Small pages, so that there are many.
local function with_size(one, list)
  local page, fields = one.op.page, (one.op.body or one.op.query or {}).fields or {}
  local name = page.count or fields.limit and page.style ~= "all" and "limit"
  if name then
    local last = list[#list]
    if type(last) ~= "table" then
      last = {}
      list[#list + 1] = last
    end
    last[name] = 17
  end
  return list
end

describe("the operations by name", function()
  setup(function() box = sandbox.start {} end)
  teardown(function() box:stop() end)
  before_each(function()
    box:control("reset")
    crm = new_client()
  end)

  describe("lists", function()
    for _, one in ipairs(fake.operations()) do
      if one.op.page then
        it("give each item of " .. one.name .. " once, whatever the size of the page", function()
          local resource = one.resource(crm)
          local whole = lofty.assert(resource[one.verb]:all(unpack(arguments_of(one))))
          local pieces = lofty.assert(resource[one.verb]:all(unpack(with_size(one, arguments_of(one)))))
          assert.equal(#whole, #pieces)
          local has_ids = whole[1] and (whole[1].id or whole[1].leadId or whole[1].transactionId or whole[1].listingId)
          -- A tag is listed once for each use.
          if has_ids and one.name ~= "team_features.tags" then count(pieces) end
        end)
      end
    end

    it("give all records of the account", function()
      assert.equal(1250, count(lofty.assert(crm.leads:all())))
      assert.equal(63, #lofty.assert(crm.members:all()))
      assert.equal(130, #lofty.assert(crm.transactions:all { transactionType = "All" }))
      assert.equal(260, #lofty.assert(crm.logs.system:all { leadId = FIRST }))
      assert.equal(345, #lofty.assert(crm.leads.activities:all(FIRST)))
      assert.equal(0, #lofty.assert(new_client({ api_key = box.api_keys["113377"] }).leads:all()))
    end)

    for _, change in ipairs {
      { current_id = "exclusive" }, { scroll = "same" }, { scroll_end = "missing" }, { member_paging = "scroll" },
    } do
      local name, value = next(change)
      it("are the same when the server's " .. name .. " is " .. value, function()
        box:control("settings", change)
        assert.equal(1250, count(lofty.assert(crm.leads:all { limit = 50 })))
        assert.equal(115, count(lofty.assert(crm.communication.texts:all { leadId = FIRST, limit = 20 })))
        assert.equal(345, count(lofty.assert(crm.leads.activities:all(FIRST, { limit = 20 }))))
        assert.equal(63, count(lofty.assert(crm.members:all { limit = 20 })))
        assert.equal(115, count(lofty.assert(crm.calls:all { leadId = FIRST })))
      end)
    end

    it("are complete where the server caps its pages", function()
      for _, paging in ipairs { "offset", "scroll" } do
        box:control("settings", { page_cap = 25, member_paging = paging })
        assert.equal(1250, count(lofty.assert(crm.leads:all())))
        assert.equal(63, count(lofty.assert(crm.members:all { limit = 100 })))
      end
    end)

    it("are complete where the total is too low beside a live cursor", function()
      for _, total in ipairs { 1, 1000 } do
        box:control("clear_faults")
        box:control("fault", { path = "/v1.0/leads", total = total, times = 0 })
        assert.equal(1250, count(lofty.assert(crm.leads:all())))
      end
    end)

    for _, spoilt in ipairs { "empty", "null", "missing" } do
      it("are an err with what came where a page's list is " .. spoilt .. " before the total", function()
        box:control("fault", { path = "/v1.0/leads", skip = 3, list = spoilt })
        local all, err = crm.leads:all()
        assert.is_nil(all)
        assert.equal("server", err.kind)
        assert.equal(300, count(err.items))
        local rest = lofty.assert(crm.leads:all({}, { resume = err.cursor }))
        assert.equal(950, count(rest))
        assert.are_not.equal(err.items[300].leadId, rest[1].leadId)
        box:control("fault", { path = "/v1.0/leads", skip = 3, list = spoilt })
        assert.equal(300, count(lofty.assert(crm.leads:all({}, { strict = false }))))
      end)
    end

    it("raise the err of a page after 400 items, and go on from its cursor", function()
      box:control("fault", { path = "/v1.0/leads", skip = 4, status = 503, body = "busy" })
      local seen = {}
      local ok, err = pcall(function()
        for lead in crm.leads:each() do seen[#seen + 1] = lead end
      end)
      assert.is_false(ok)
      assert.equal("server", err.kind)
      assert.equal(400, #seen)
      assert.truthy(err.cursor:find("^s:400:."))
      -- The scrollId has expired meanwhile.
      box:control("clock", { advance = 7200 })
      for lead in new_client().leads:each({}, { resume = err.cursor }) do seen[#seen + 1] = lead end
      assert.equal(1250, count(seen))
    end)

    it("repeat at most one page after a resume", function()
      local saved
      local function work(stop_after)
        local done = 0
        for _, at in crm.leads:each({ returnFields = "leadId,stage" }, { resume = saved }) do
          done = done + 1
          saved = at
          if done == stop_after then return done end
        end
        saved = nil
        return done
      end
      local total = work(730) + work()
      assert.is_nil(saved)
      assert.is_true(total >= 1250 and total <= 1350, tostring(total))
    end)
  end)

  it("keep ids larger than 2^53 exact in both directions", function()
    crm = new_client { api_key = box.api_keys["9007199254740993"] }
    local second = lofty.assert(crm.leads:list { limit = 2 }).leads[2]
    assert.equal("9007199254740993", tostring(second.leadId))
    local note = lofty.assert(crm.notes:create { leadId = second.leadId, content = "Hello", isPin = false })
    lofty.assert(crm.leads:get(second.leadId))
    lofty.assert(crm.notes:list { leadId = second.leadId })
    assert.equal(tostring(note.noteId), tostring(lofty.assert(crm.notes:get(note.noteId)).noteId))
    local found = {}
    for _, request in ipairs(box:journal()) do
      if request.path:find("9007199254740993", 1, true) then found.path = true end
      if (request.query or ""):find("leadId=9007199254740993", 1, true) then found.query = true end
      if (request.body or ""):find('"leadId":9007199254740993', 1, true) then found.body = true end
    end
    assert.same({ path = true, query = true, body = true }, found)
  end)

  it("remove all tags of the leads that have one", function()
    local tagged = lofty.assert(crm.leads:all { allTags = "portal" })
    assert.is_true(#tagged > 0)
    for _, lead in ipairs(tagged) do lofty.assert(crm.leads:update(lead.leadId, { tags = lofty.array {} })) end
    assert.equal(0, #lofty.assert(crm.leads:all { allTags = "portal" }))
    local id = tagged[1].leadId
    lofty.assert(crm.leads:update(id, { tagsAdd = { "one", "two" } }))
    lofty.assert(crm.leads:update(id, { tags = {} }))
    assert.equal(0, #lofty.assert(crm.leads:get(id)).tags)
  end)

  it("unwrap a record", function()
    assert.truthy(lofty.assert(crm.leads:get(FIRST)).firstName)
    local task = lofty.assert(crm.tasks:create {
      type = "Call", content = "Ring", leadId = FIRST, assignedRole = "Agent",
      endAt = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + DAY),
    })
    assert.equal("Ring", lofty.assert(crm.tasks:get(task.taskId)).content)
    lofty.assert(crm.tasks:finish(task.taskId))
    assert.is_true(lofty.assert(crm.tasks:get(task.taskId)).finishFlag)
    local entry = lofty.assert(crm.calendar:create {
      type = "APPOINTMENT", content = "Visit", leadId = FIRST, timeZoneCode = "America/Chicago",
      startAtMs = (os.time() + DAY) * 1000, endAtMs = (os.time() + DAY + 3600) * 1000,
    })
    assert.truthy(entry.id:find("%-appointment$"))
    lofty.assert(crm.calendar:delete(entry.id))
    local call = lofty.assert(crm.calls:list { leadId = FIRST, limit = 1 }).calls[1]
    assert.equal(tostring(call.id), tostring(lofty.assert(crm.calls:get(call.id)).id))
    assert.equal("string", type(lofty.assert(crm.calls:get_recording(call.id)).url))
    local log = lofty.assert(crm.logs:create { leadId = FIRST, logType = "logText", content = "Wrote" })
    assert.equal("Wrote", lofty.assert(crm.logs:get(log.id)).content)
  end)

  it("return true for an empty response", function()
    local note = lofty.assert(crm.notes:create { leadId = FIRST, content = "Hello", isPin = false })
    assert.is_true(lofty.assert(crm.notes:update(note.noteId, { leadId = FIRST, content = "Bye", isPin = true })))
    assert.is_true(lofty.assert(crm.notes:delete(note.noteId)))
    local gone, err = crm.notes:get(note.noteId)
    assert.is_nil(gone)
    assert.equal("not_found", err.kind)
  end)

  it("create a deal, change it and read its address", function()
    local deal = lofty.assert(crm.transactions:create(FIRST, {
      transactionName = "12 Elm Street", transactionType = "Purchase", customFields = {}, homePrice = 450000.5,
    }))
    lofty.assert(crm.transactions:update(FIRST, deal.transactionId, { transactionName = "12 Elm Street, Austin" }))
    assert.equal("12 Elm Street, Austin", lofty.assert(crm.transactions:get(FIRST, deal.transactionId)).transactionName)
    lofty.assert(crm.transactions:update_address(FIRST, { transactionId = deal.transactionId, city = "Austin" }))
    assert.equal("Austin", lofty.assert(crm.transactions:get_address(FIRST, deal.transactionId)).city)
  end)

  it("give XML as text", function()
    local text, response = lofty.assert(crm.listings:get_published { type = "AllOnMarket" })
    assert.truthy(text:find("^<%?xml"))
    assert.truthy(response.headers["content-type"]:find("xml", 1, true))
  end)

  it("are errors where a 200 has an error in its body", function()
    local done, err = crm.agents:deactivate(1)
    assert.is_nil(done)
    assert.equal(200, err.status)
    assert.equal("agents.deactivate", err.operation)
  end)

  it("find a new record with `wait`", function()
    box:control("settings", { settle_reads = 3 })
    local made = lofty.assert(crm.leads:create { firstName = "Ann" })
    local lead, err = crm.leads:get(made.leadId)
    assert.is_nil(lead)
    assert.equal("not_found", err.kind)
    assert.equal("Ann", lofty.assert(crm.leads:get(made.leadId, { wait = 20 })).firstName)
  end)

  it("have a recovery hint in the err of a lost write", function()
    box:control("fault", { method = "POST", path = "/v1.0/leads", preset = "cut-after" })
    local lead, err = crm.leads:create { firstName = "Ann", emails = { "ann@example.com" } }
    assert.is_nil(lead)
    assert.is_true(err.outcome_unknown)
    assert.truthy(err.message:find("crm.leads:list{ email = ..., preciseSearchFlag = true }", 1, true), err.message)
    local found = lofty.assert(crm.leads:list { email = "ann@example.com", preciseSearchFlag = true })
    assert.equal("Ann", found.leads[1].firstName)
  end)

  it("send no message twice", function()
    crm = new_client { retry = { base = 0.01, cap = 0.02 } }
    box:control("fault", { method = "POST", path = "/v1.0/message/sms/send", status = 503, body = "busy", process = true })
    local sent, err = crm.communication:send_sms { leadId = FIRST, content = "Thank you!" }
    assert.is_nil(sent)
    assert.is_true(err.outcome_unknown)
    assert.equal(1, box:control("counters").operations["POST /v1.0/message/sms/send"])
  end)

  it("create and delete webhook subscriptions with ensure", function()
    local url = "https://example.com/hook/s3cret"
    local function numbers(list)
      local all = {}
      for i, one in ipairs(list) do all[i] = one.listId end
      table.sort(all)
      return all
    end
    local found = lofty.assert(crm.webhooks:ensure { callbackUrl = url, lists = { "lead", "note" } })
    assert.same({ 2, 9 }, numbers(found))
    lofty.assert(crm.webhooks:create { listId = 5, callbackUrl = "https://other.example/hook" })
    local _, changes = lofty.assert(crm.webhooks:ensure { callbackUrl = url, lists = { "note", "task" }, limit = 50 })
    assert.equal(2, #changes.created)
    assert.equal(2, #changes.deleted)
    assert.same({ 5, 9, 10 }, numbers(lofty.assert(crm.webhooks:list())))
    _, changes = lofty.assert(crm.webhooks:ensure { callbackUrl = url, lists = { "note", "task" }, limit = 50 })
    assert.equal(0, #changes.created + #changes.deleted)
  end)

  it("do not block other tasks, lists read by `all` included", function()
    box:control("fault", { path = "/v1.0/*", delay = 0.05, times = 0 })
    local ids = {}
    for i, lead in ipairs(lofty.assert(crm.leads:list { limit = 8 }).leads) do ids[i] = lead.leadId end
    local results, failures = lofty.map(ids, function(id)
      local notes = lofty.assert(crm.notes:all { leadId = id })
      local lead = lofty.assert(crm.leads:get(id))
      local texts = lofty.assert(crm.communication.texts:all { leadId = id })
      return { id = lead.leadId, notes = #notes, texts = #texts }
    end, { concurrency = 8 })
    box:control("clear_faults")
    assert.is_nil(failures)
    for i, id in ipairs(ids) do assert.equal(tostring(id), tostring(results[i].id)) end
    local connections, number = {}, 0
    for _, request in ipairs(box:journal()) do
      if request.path == "/v1.0/notes" and not connections[request.connection] then
        connections[request.connection] = true
        number = number + 1
      end
    end
    assert.equal(8, number, "connections at the same time")
  end)
end)
