-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local encode = core.json_encode

local LEAD = "651095960136641"

-- The last call that was sent.
local function last(crm)
  return crm.sent[#crm.sent]
end

local function refuses(text, value, err)
  assert.is_nil(value)
  assert.is_true(errors.is(err))
  assert.equal("invalid", err.kind)
  assert.is_false(err.sent)
  assert.equal(text, err.operation .. ": " .. err.message)
end

describe("a resource", function()
  local crm
  before_each(function() crm = fake.new() end)

  it("sends the method, path, parameters and body of the operation", function()
    assert(crm.leads:update(LEAD, { stage = "Contacted" }))
    local call = last(crm)
    assert.equal("leads.update", call.operation)
    assert.equal("PUT", call.method)
    assert.equal("/v1.0/leads/{leadId}", call.path)
    assert.equal("idempotent", call.class)
    assert.equal(LEAD, tostring(call.params.leadId))
    assert.same({ stage = "Contacted" }, call.body)
    assert.is_nil(call.query)
  end)

  it("puts a filter into the query, and passes unwrap and accept", function()
    assert(crm.leads:get(LEAD, { withTrash = true }))
    assert.same({ withTrash = true }, last(crm).query)
    assert.equal("lead", last(crm).unwrap)
    assert(crm.leads:delete(LEAD, { reason = "duplicate" }))
    assert.same({ reason = "duplicate" }, last(crm).query)
    assert.is_nil(last(crm).body)
    assert(crm.listings:get_published { type = "LuxVT" })
    assert.equal("application/xml", last(crm).accept)
  end)

  it("returns value and response, or nil and the err", function()
    local lost = errors.new { kind = "network", message = "gone", sent = false }
    crm = fake.new(function(_, number)
      if number == 1 then return { leadId = 1 }, { status = 200 } end
      return nil, lost
    end)
    local value, response = crm.leads:create { firstName = "Ann" }
    assert.equal(1, value.leadId)
    assert.equal(200, response.status)
    local none, err = crm.leads:create { firstName = "Ann" }
    assert.is_nil(none)
    assert.equal(lost, err)
  end)

  for _, one in ipairs(fake.operations()) do
    it("sends " .. one.name .. " with its required fields and with all fields", function()
      for _, all in ipairs { false, true } do
        local resource = one.resource(crm)
        local value, response = resource[one.verb](resource, unpack(fake.arguments(one.op, all)))
        assert.truthy(value, value == nil and tostring(response))
        local call = last(crm)
        assert.equal(one.name, call.operation)
        assert.equal(one.op.method, call.method)
        if one.op.body then assert.truthy(encode(call.body)) end
        if call.query then assert.truthy(core.query_encode(call.query)) end
        assert.truthy(core.path_expand(call.path, call.params or {}))
      end
    end)
  end

  it("has the v1 resources under crm.v1", function()
    assert(crm.v1.tasks:list { leadId = 1 })
    assert.equal("/v1.0/tasks", last(crm).path)
    assert(crm.tasks:list { leadId = 1 })
    assert.equal("/v2.0/tasks", last(crm).path)
    assert.equal(crm.v1, crm.v1)
    assert.equal(crm.v1.tasks, crm.v1.tasks)
  end)

  it("raises for an unknown verb, and for a name close to a resource's", function()
    assert.is_nil(crm.zzzzzz)
    assert.is_nil(crm.account)
    assert.has_error(function() return crm.lead end)
    local _, message = pcall(function() return crm.lead end)
    assert.equal('the client has no "lead", did you mean "leads"?', (message:gsub("^.-:%d+: ", "")))
    assert.has_error(function() return crm.leads.updat end, 'crm.leads has no "updat", did you mean "update"?')
    assert.has_error(function() return crm.v1.task end, 'crm.v1 has no "task", did you mean "tasks"?')
    assert.has_error(function() return crm.leads.zzzzzz end, 'crm.leads has no "zzzzzz"')
  end)

  it("has a tostring without secrets", function()
    assert.equal("lofty.resource: crm.leads", tostring(crm.leads))
    assert.equal("lofty.list: crm.leads.list", tostring(crm.leads.list))
    assert.equal("lofty.resource: crm.v1.tasks", tostring(crm.v1.tasks))
  end)

  it("has class notify when a new lead gets an e-mail", function()
    assert(crm.leads:create { firstName = "Ann" })
    assert.equal("create", last(crm).class)
    assert(crm.leads:create { firstName = "Ann", welcomeEmail = true })
    assert.equal("notify", last(crm).class)
    assert(crm.leads:create { firstName = "Ann", leadAlert = false })
    assert.equal("create", last(crm).class)
  end)

  it("does not modify the caller's table and does not raise with validate = false", function()
    crm = fake.new(nil, { validate = false })
    local given = { { a = 1 } }
    assert(crm.leads:all(given))
    assert.same({ { a = 1 } }, given)
    assert(crm.tasks.mine:all { currentId = "abc" })
    assert.equal("abc", last(crm).query.currentId)
  end)

  it("has class notify for each value that the server may take for true", function()
    for _, value in ipairs { "true", 1 } do
      crm = fake.new(nil, { validate = false })
      assert(crm.leads:create { firstName = "Ann", welcomeEmail = value })
      assert.equal("notify", crm.sent[1].class)
    end
    crm = fake.new(nil, { validate = false })
    assert(crm.leads:create { firstName = "Ann", welcomeEmail = false, leadAlert = core.null })
    assert.equal("create", crm.sent[1].class)
  end)
end)

describe("the check of arguments", function()
  local crm
  before_each(function() crm = fake.new() end)
  after_each(function() assert.equal(0, #crm.sent) end)

  it("refuses unknown names and suggests a near one", function()
    refuses('leads.update: unknown field "stagee", did you mean "stage"?', crm.leads:update(LEAD, { stagee = "x" }))
    refuses('leads.list: unknown parameter "limt", did you mean "limit"?', crm.leads:list { limt = 5 })
    refuses('leads.create: unknown field "first_name", did you mean "firstName"?', crm.leads:create { first_name = "x" })
    refuses('leads.create: unknown field "xyzzy"', crm.leads:create { firstName = "x", xyzzy = 1 })
    refuses('leads.create: unknown field "inquiry.pricemin", did you mean "priceMin"?',
      crm.leads:create { firstName = "x", inquiry = { pricemin = 1 } })
    refuses('tasks.finish: unknown parameter "note"', crm.tasks:finish(1, { note = "x" }))
  end)

  it("reports one problem, always the same", function()
    for _ = 1, 20 do
      refuses('leads.create: unknown field "aaa"', crm.leads:create { ccc = 1, bbb = 1, aaa = 1, zipCode = 7 })
      refuses('leads.create: field "firstName": a string expected, got 1',
        crm.leads:create { firstName = 1, zipCode = 7, stage = true })
    end
  end)

  it("requires required fields", function()
    refuses('leads.create: field "firstName": is required', crm.leads:create { lastName = "x" })
    refuses('webhooks.create: fields "listId" and "callbackUrl" are required', crm.webhooks:create {})
    refuses('leads.delete: parameter "reason": is required', crm.leads:delete(LEAD))
    refuses('notes.list: parameter "leadId": is required', crm.notes:list())
    refuses('leads.create: field "leadFamilyMemberList[2].firstName": is required',
      crm.leads:create { firstName = "x", leadFamilyMemberList = { { firstName = "y" }, { lastName = "z" } } })
  end)

  it("requires fields that depend on others", function()
    refuses('tasks.update: needs "content", "startAt", "endAt" or "address"', crm.tasks:update(1, { timeZoneCode = "x" }))
    refuses('calendar.list: needs "startTime", "endTime", "startTimeMs" or "endTimeMs"', crm.calendar:list {})
    refuses('leads.save_property: needs "city", "state", "zipCode" or "streetAddress"',
      crm.leads:save_property(LEAD, { price = 1 }))
    refuses('leads.update: "property" needs "city", "state", "zipCode" or "streetAddress"',
      crm.leads:update(LEAD, { property = { price = 1 } }))
    refuses('logs.create: field "leadPhoneNumber": is required when logType is logCall',
      crm.logs:create { leadId = 1, logType = "logCall", content = "x" })
    refuses('calendar.create: field "taskWay": is required when type is TASK', crm.calendar:create {
      type = "TASK", content = "x", leadId = 1, timeZoneCode = "x", startAt = "x", endAt = "x",
    })
    refuses('calendar.create: field "taskWay": is required when type is task', crm.calendar:create {
      type = "task", content = "x", leadId = 1, startAt = "x", endAt = "x",
    })
    refuses('routing.rules: parameter "roleId": is required when type is 4', crm.routing:rules(4))
    refuses('v1.tasks.update: needs "content", "leadId", "deadline", "type", "assignedRole" or "finishFlag"',
      crm.v1.tasks:update(1, {}))
    refuses('transactions.create: field "transactionName": is required', crm.transactions:create(LEAD, { homePrice = 5 }))
    refuses('leads.create: field "leadTransaction.transactionName": is required',
      crm.leads:create { firstName = "x", leadTransaction = { homePrice = 5 } })
    refuses('notes.update: field "content": is required', crm.notes:update(1, { isPin = true }))
    refuses('routing.update_default_rule: field "roleId": is required when type is 4',
      crm.routing:update_default_rule(4, { strategyType = 1 }))
    refuses('leads.update: field "ownershipId": is required when ownershipScope is OFFICE',
      crm.leads:update(LEAD, { ownershipScope = "OFFICE" }))
  end)

  it("requires the right type", function()
    refuses('leads.create: field "zipCode": a string expected, got 98101',
      crm.leads:create { firstName = "x", zipCode = 98101 })
    refuses('leads.create: field "emails": an array expected, got "a@example.com"',
      crm.leads:create { firstName = "x", emails = "a@example.com" })
    refuses('leads.create: field "emails": an array expected, got a table with names or gaps',
      crm.leads:create { firstName = "x", emails = { work = "a@example.com" } })
    refuses('leads.create: field "emails[2]": a string expected, got 3',
      crm.leads:create { firstName = "x", emails = { "a@example.com", 3 } })
    refuses('leads.create: field "inquiry": a table of fields expected, got an array',
      crm.leads:create { firstName = "x", inquiry = { 1 } })
    refuses('leads.create: field "isPin": a boolean expected, got "yes"',
      crm.leads:create { firstName = "x", isPin = "yes" })
    refuses('leads.create: field "assignedUserId": an integer expected, got 1.5',
      crm.leads:create { firstName = "x", assignedUserId = 1.5 })
    refuses('leads.create: field "assignedUserId": an integer expected, got "12a"',
      crm.leads:create { firstName = "x", assignedUserId = "12a" })
    refuses('leads.create: field "leadTransaction.gci": a number expected, got "much"',
      crm.leads:create { firstName = "x", leadTransaction = { transactionName = "x", gci = "much" } })
    for _, text in ipairs { "1.", "0x10", "1e999", "nan", "1,5", " 1", "", ("1"):rep(65) } do
      local value, err = crm.leads:create { firstName = "x", leadTransaction = { transactionName = "x", gci = text } }
      assert.is_nil(value, text)
      assert.truthy(err.message:find("a number expected", 1, true))
    end
    refuses('leads.list: parameter "contacted": a boolean expected, got 1', crm.leads:list { contacted = 1 })
  end)

  it("refuses the wrong forms of the vendor's guides with a hint at the right one", function()
    refuses('leads.update: field "tags[1]": a string expected, got table; tags are names, as in { "vip" }',
      crm.leads:update(LEAD, { stage = "Contacted", tags = { { tagName = "follow-up" } } }))
    refuses('communication.send_email: unknown field "body", did you mean "content"?',
      crm.communication:send_email { leadId = 1, subject = "Follow-up", body = "Hi Jane" })
    refuses('communication.send_sms: unknown field "text", did you mean "content"?',
      crm.communication:send_sms { leadId = 1, text = "Hi Jane" })
    refuses('sales_agents.working_leads: unknown parameter "page", did you mean "offset"?',
      crm.sales_agents:working_leads { page = 1 })
    refuses('sales_agents.add_working_leads: unknown field "leadId", did you mean "leadIds"?',
      crm.sales_agents:add_working_leads { leadId = 1 })
    refuses('leads.list: unknown parameter "assigneeId", did you mean "assignedUserId"?',
      crm.leads:list { assigneeId = 1 })
    refuses('listings.search: unknown field "scope", did you mean "searchScope"?', crm.listings:search { scope = "all" })
    refuses('leads.list: parameter "roleAssigneeFilters": a string expected, got table; write it as JSON text, as in '
      .. '[{"roleName":"Agent","assigneeToIds":[1]}]', crm.leads:list { roleAssigneeFilters = { { roleName = "Agent" } } })
    local hint = '; write { { role = "Agent", assignee = "ann@example.com" } }'
    refuses("leads.assign: an array expected, got a table with names or gaps" .. hint,
      crm.leads:assign(1, { role = "Agent" }))
    refuses('leads.assign: field "[1]": a table of fields expected, got 7' .. hint, crm.leads:assign(1, { 7 }))
    refuses('leads.assign: unknown field "[1].userId", did you mean "assignee"?',
      crm.leads:assign(1, { { role = "Agent", userId = 7 } }))
  end)

  it("refuses texts that Lofty would cut without an error", function()
    local function too_long(what, most, value, err)
      assert.is_nil(value)
      assert.equal(('field "%s": is longer than %d characters'):format(what, most), err.message)
    end
    local name, tag = ("n"):rep(31), ("t"):rep(65)
    too_long("firstName", 30, crm.leads:create { firstName = name })
    too_long("lastName", 30, crm.leads:update(LEAD, { lastName = name }))
    too_long("segments[1]", 30, crm.leads:update(LEAD, { segments = { name } }))
    too_long("groups[2]", 30, crm.leads:create { firstName = "x", groups = { "a", name } })
    too_long("tags[1]", 64, crm.leads:update(LEAD, { tags = { tag } }))
    too_long("tagsAdd[1]", 64, crm.leads:update(LEAD, { tagsAdd = { tag } }))
    too_long("content", 2000, crm.leads:create { firstName = "x", content = ("c"):rep(2001) })
    too_long("content", 2000, crm.notes:update(1, { content = ("c"):rep(2001) }))
    too_long("content", 5000, crm.logs:create { leadId = 1, logType = "logText", content = ("c"):rep(5001) })
    refuses('transactions.list: parameter "queryKey": is longer than 15 characters',
      crm.transactions:list { queryKey = "1600 Main Street" })
    refuses('transactions.create: field "transactionName": must not contain "<"',
      crm.transactions:create(LEAD, { transactionName = "A <b>" }))
  end)

  it("requires a value of the enum", function()
    refuses('transactions.list: parameter "transactionType": "purchase" is not known, did you mean "Purchase"?',
      crm.transactions:list { transactionType = "purchase" })
    refuses('logs.list: parameter "logType": must be one of "logCall", "logEmail", "logText", got "fax"',
      crm.logs:list { leadId = 1, logType = "fax" })
    refuses('webhooks.create: field "listId": must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, got 13',
      crm.webhooks:create { listId = 13, callbackUrl = "https://example.com/" })
    refuses("routing.rules: type: must be one of 1, 2, 4, got 3", crm.routing:rules(3))
  end)

  it("requires numbers in range, and lengths in characters", function()
    refuses('leads.list: parameter "limit": must be between 1 and 100, got 101', crm.leads:list { limit = 101 })
    refuses('leads.list: parameter "offset": must be at least 0, got -1', crm.leads:list { offset = -1 })
    refuses("leads.get: leadId: must be at least 1, got 0", crm.leads:get(0))
    refuses('routing.rules: parameter "roleId": must be between -2147483648 and 2147483647, got 2147483648',
      crm.routing:rules(1, { roleId = 2147483648 }))
    refuses('leads.update: field "assignedUserId": 9223372036854775808 does not fit into 64 bits',
      crm.leads:update(LEAD, { assignedUserId = "9223372036854775808" }))
    refuses('notes.create: field "content": is longer than 2000 characters',
      crm.notes:create { leadId = 1, isPin = false, content = ("\195\169"):rep(2001) })
    refuses('agents.add_tags: field "tagNames": needs at least 1 item', crm.agents:add_tags(1, { tagNames = {} }))
    local many = {}
    for i = 1, 101 do many[i] = i end
    refuses('ai.analyze_leads: field "leadIds": needs at least 1 item', crm.ai:analyze_leads { leadIds = {} })
    refuses('sales_agents.create_plan_tasks: field "leadIds": takes at most 100 items, got 101',
      crm.sales_agents:create_plan_tasks { leadIds = many })
  end)

  it("refuses a float that may have lost digits of an id", function()
    local value, err = crm.leads:get(9007199254740994.0)
    -- A float above 2^53 may be another record's id.
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.truthy(err.message:find("string", 1, true), err.message)
  end)

  it("refuses a time that the server would refuse, and shows the form", function()
    local form = "must be ISO 8601 with an offset, such as 2026-03-01T15:00:00-08:00"
    local function task(at)
      local value, err = crm.tasks:create { type = "Call", content = "x", leadId = 1, assignedRole = "Agent", endAt = at }
      return value, err
    end
    for _, text in ipairs { "tomorrow", "2026-03-01", "2026-03-01 15:00:00", "2026-03-01T15:00:00", "Mar 1, 2026", "" } do
      refuses('tasks.create: field "endAt": ' .. form, task(text))
    end
    refuses('tasks.create: field "endAt": is milliseconds: this field takes epoch seconds, so divide by 1000',
      task(1772406000000))
    refuses('tasks.create: field "endAt": must be epoch seconds, got -1', task(-1))
    refuses('calendar.list: parameter "startTime": ' .. form, crm.calendar:list { startTime = "2026-03-01" })
    assert.equal(0, #crm.sent)
  end)

  it("accepts null in a body only", function()
    refuses("leads.get: leadId: is null", crm.leads:get(core.null))
    refuses('leads.list: parameter "stage": a string expected, got null', crm.leads:list { stage = core.null })
  end)
end)

describe("what is sent", function()
  local crm
  before_each(function() crm = fake.new() end)

  local function body_of(fields)
    assert(crm.leads:update(LEAD, fields))
    return encode(last(crm).body)
  end

  it("has an empty array for an empty table where the operation has an array", function()
    assert.equal('{"tags":[]}', body_of { tags = {} })
    assert.equal('{"inquiry":{"locations":[]}}', body_of { inquiry = { locations = {} } })
    assert.equal('{"inquiry":{}}', body_of { inquiry = {} })
  end)

  for _, id in ipairs { "1", LEAD, "9007199254740993", "9223372036854775807", "-9223372036854775808" } do
    it("has the id " .. id .. " as a JSON integer, from a string and from lofty.integer", function()
      assert.equal('{"assignedUserId":' .. id .. "}", body_of { assignedUserId = id })
      assert.equal('{"assignedUserId":' .. id .. "}", body_of { assignedUserId = core.integer(id) })
      assert(crm.leads:list { assignedUserId = id })
      assert.equal("assignedUserId=" .. id, core.query_encode(last(crm).query))
    end)
  end

  it("has a whole float as an integer", function()
    assert.equal('{"assignedUserId":651095960136641}', body_of { assignedUserId = 651095960136641.0 })
    assert.equal('{"leadTypes":[-1,2]}', body_of { leadTypes = { -1, 2.0 } })
  end)

  it("has only the fields that a partial update names", function()
    local function sends(body, value, err)
      assert.truthy(value, tostring(err))
      assert.equal(body, encode(last(crm).body))
    end
    sends('{"finishFlag":true}', crm.v1.tasks:update(5, { finishFlag = true }))
    sends('{"content":"x"}', crm.v1.tasks:update(5, { content = "x" }))
    sends('{"transactionStatus":"Under Contract"}',
      crm.transactions:update(1, 2, { transactionStatus = "Under Contract" }))
    sends('{"leadTransaction":{"transactionStatus":"x"}}',
      crm.leads:update(1, { leadTransaction = { transactionStatus = "x" } }))
    sends('{"content":"x","isPin":true}', crm.notes:update(3, { content = "x", isPin = true }))
    sends('{"content":"x"}', crm.notes:update(3, { content = "x" }))
    sends('{"content":"x","leadId":7}', crm.notes:create { leadId = 7, content = "x" })
    sends('{"attributeName":"Budget","attributeType":"text"}',
      crm.team_features:create_custom_field { attributeName = "Budget", attributeType = "text" })
    sends('{"content":"x","endAt":"2026-03-02T00:00:00+00:00","leadId":1,"startAt":"2026-03-01T15:00:00Z",'
      .. '"type":"APPOINTMENT"}', crm.calendar:create {
      type = "APPOINTMENT", content = "x", leadId = 1, startAt = "2026-03-01T15:00:00Z", endAt = 1772409600,
    })
    sends('{"type":"ALL"}', crm.v1.communication:by_agent { type = "ALL" })
  end)

  it("has the operation's types where the caller has text, as from a CSV file", function()
    assert.equal('{"assignedUserId":7,"cannotCall":true,"cannotText":false,"leadTypes":[1,2]}', body_of {
      assignedUserId = "7", cannotCall = "true", cannotText = "false", leadTypes = { "1", "2" },
    })
    assert(crm.transactions:update(1, 2, { gci = "1250.5", homePrice = "450000", commissionRate = "-0.25" }))
    assert.equal('{"commissionRate":-0.25,"gci":1250.5,"homePrice":450000}', encode(last(crm).body))
    assert(crm.leads:list { contacted = "true", limit = "25" })
    assert.equal("contacted=true&limit=25", core.query_encode(last(crm).query))
  end)

  it("has ISO 8601 with an offset for epoch seconds and for tables of os.date, which stay as they are", function()
    assert(crm.tasks:update(3, { endAt = 1772406000 }))
    assert.same({ endAt = "2026-03-01T23:00:00+00:00" }, last(crm).body)
    assert(crm.calendar:list { startTime = 1772406000 })
    assert.same({ startTime = "2026-03-01T23:00:00+00:00" }, last(crm).query)
    local given = { year = 2026, month = 3, day = 32, hour = 12 }
    assert(crm.tasks:update(3, { endAt = given }))
    assert.equal(os.time { year = 2026, month = 4, day = 1, hour = 12 }, (require("lofty.time").parse(last(crm).body.endAt)))
    assert.same({ year = 2026, month = 3, day = 32, hour = 12 }, given)
  end)

  it("has milliseconds in integer fields, and dates as they are given", function()
    assert(crm.calendar:update("c1", { startAtMs = 1772406000000 }))
    assert.equal('{"startAtMs":1772406000000}', encode(last(crm).body))
    assert.equal('{"birthday":"Mar 1, 1980"}', body_of { birthday = "Mar 1, 1980" })
  end)

  it("has null for lofty.null", function()
    assert.equal('{"birthday":null}', body_of { birthday = core.null })
    assert.equal('{"inquiry":null}', body_of { inquiry = core.null })
  end)

  it("has an array as a body where the operation takes one", function()
    assert(crm.leads:assign(LEAD, { { role = "Agent", assignee = "ann@example.com" } }))
    assert.equal('[{"assignee":"ann@example.com","role":"Agent"}]', encode(last(crm).body))
  end)

  it("has numbers and booleans where the reference types them as text", function()
    assert(crm.calendar:list { startTimeMs = 1767225600000, includeFinished = true, page = 0, sourceType = { 1, 2 } })
    assert.same({
      startTimeMs = "1767225600000", includeFinished = "true", page = "0", sourceType = { "1", "2" },
    }, last(crm).query)
    assert(crm.sales_agents:working_leads { limit = "50", desc = "false" })
    assert.same({ limit = "50", desc = "false" }, last(crm).query)
  end)

  it("may be an object or an array where the document is unclear", function()
    local strategy = { memberWeights = { { memberId = 1, weight = 2 }, { memberId = 3, weight = 4 } } }
    assert(crm.routing:update_rule(1, { id = 7, routingStrategy = strategy }))
    assert.equal('[{"memberId":1,"weight":2},{"memberId":3,"weight":4}]',
      encode(last(crm).body.routingStrategy.memberWeights))
    strategy = { memberWeights = { memberId = 1, weight = 2 } }
    assert(crm.routing:update_rule(1, { id = 7, routingStrategy = strategy }))
    assert.equal('{"memberId":1,"weight":2}', encode(last(crm).body.routingStrategy.memberWeights))
  end)

  it("lacks read-only fields", function()
    assert(crm.transactions:update(LEAD, 5, { transactionName = "Elm Street 1", created = 1, transactionId = "5" }))
    assert.equal('{"transactionName":"Elm Street 1"}', encode(last(crm).body))
  end)

  it("is a copy; the caller's tables are not modified", function()
    local tags, given = {}, { assignedUserId = "9007199254740993" }
    given.tags = tags
    assert(crm.leads:update(LEAD, given))
    assert.is_nil(getmetatable(tags))
    assert.equal("9007199254740993", given.assignedUserId)
    assert.are_not.equal(tags, last(crm).body.tags)
    local filter = { stage = "New Lead" }
    local page = assert(crm.leads:all(filter))
    assert.equal(0, #page)
    assert.same({ stage = "New Lead" }, filter)
  end)

  it("is not checked with validate = false, but empty arrays and ids are still converted", function()
    crm = fake.new(nil, { validate = false })
    assert(crm.leads:update(LEAD, { brandNew = { 1 }, tags = {}, assignedUserId = "5", zipCode = 7 }))
    assert.equal('{"assignedUserId":5,"brandNew":[1],"tags":[],"zipCode":7}', encode(last(crm).body))
    assert(crm.leads:list { limit = 1000, newFilter = "x" })
    assert.same({ limit = 1000, newFilter = "x" }, last(crm).query)
    assert(crm.notes:create {})
    assert(crm.org:get { depth = 2 })
    assert.same({ depth = 2 }, last(crm).query)
  end)
end)

describe("a call of the wrong shape", function()
  local crm = fake.new()
  local function raises(text, fn)
    local ok, message = pcall(fn)
    assert.is_false(ok)
    -- The message has the caller's line.
    assert.equal("spec/unit/resources_spec.lua:", tostring(message):match("(spec/unit/resources_spec%.lua:)%d+: "), message)
    assert.equal(text, (tostring(message):gsub("^.-:%d+: ", "")))
  end

  it("raises on the caller's line", function()
    raises("crm.leads.update: leadId expected as argument 1, got nil", function() crm.leads:update() end)
    raises("crm.leads.update: leadId expected as argument 1, got table", function() crm.leads:update { stage = "x" } end)
    raises("crm.transactions.get: transactionId expected as argument 2, got nil", function()
      crm.transactions:get(LEAD)
    end)
    raises("crm.leads.update: a table of fields expected as argument 2, got nil", function() crm.leads:update(LEAD) end)
    raises("crm.leads.update: a table expected as argument 2, got string", function() crm.leads:update(LEAD, "x") end)
    raises("crm.leads.list: a table expected as argument 1, got number", function() crm.leads:list(5) end)
    raises("crm.notes.get: too many arguments: put all fields into one table", function()
      crm.notes:get(1, {}, {})
    end)
    raises("crm.leads.get: wait must be a number of seconds", function() crm.leads:get(1, { wait = "long" }) end)
    assert.equal(0, #crm.sent)
  end)

  it("raises when it is called with a dot", function()
    raises("crm.leads.get: call it with a colon", function() crm.leads.get(LEAD) end)
    raises("crm.leads.list: call it with a colon", function() crm.leads.list {} end)
    raises("crm.leads.list: call it with a colon", function() crm.leads.each {} end)
    raises("crm.webhooks.ensure: call it with a colon", function() crm.webhooks.ensure {} end)
  end)

  it("raises for unknown options of a list", function()
    raises('crm.leads.list: unknown option "resum", did you mean "resume"?', function() crm.leads:each({}, { resum = "x" }) end)
    raises("crm.leads.list: resume must be a cursor, a string, got number", function()
      crm.leads:all({}, { resume = 5 })
    end)
    raises('crm.listings.list: there is no list "sold"', function()
      crm.listings:pages({ agentListings = true }, { list = "sold" })
    end)
    raises('crm.leads.list: unknown option "list"', function() crm.leads:each({}, { list = "leads" }) end)
  end)
end)

describe("a get right after a create", function()
  local function new_client(found_at)
    local time, naps = 0, {}
    local runtime = {
      monotonic = function() return time end,
      sleep = function(_, seconds)
        naps[#naps + 1] = seconds
        time = time + seconds
      end,
    }
    local crm = fake.new(function(_, number)
      if number >= found_at then return { leadId = 1 } end
      return nil, errors.new { kind = "not_found", message = "no such lead" }
    end, { settings = { runtime = runtime } })
    return crm, naps
  end

  it("does not wait without `wait`", function()
    local crm, naps = new_client(2)
    local lead, err = crm.leads:get(1)
    assert.is_nil(lead)
    assert.equal("not_found", err.kind)
    assert.equal(0, #naps)
  end)

  it("asks again with growing pauses until the record is found", function()
    local crm, naps = new_client(4)
    assert(crm.leads:get(1, { wait = 10 }))
    assert.equal(4, #crm.sent)
    assert.same({ 0.25, 0.5, 1 }, naps)
    assert.is_nil(crm.sent[1].query)
  end)

  it("waits no longer than `wait`", function()
    local crm, naps = new_client(100)
    local lead, err = crm.leads:get(1, { wait = 2 })
    assert.is_nil(lead)
    assert.equal("not_found", err.kind)
    local total = 0
    for _, nap in ipairs(naps) do total = total + nap end
    assert.equal(2, total)
  end)
end)
