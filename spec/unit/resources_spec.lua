local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local encode = core.json_encode

local LEAD = "651095960136641"

-- The last call, as text, so that what an id became can be compared on every Lua.
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

  it("sends what the operation says", function()
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

  it("puts a filter into the query, and says what is wrapped", function()
    assert(crm.leads:get(LEAD, { withTrash = true }))
    assert.same({ withTrash = true }, last(crm).query)
    assert.equal("lead", last(crm).unwrap)
    assert(crm.leads:delete(LEAD, { reason = "duplicate" }))
    assert.same({ reason = "duplicate" }, last(crm).query)
    assert.is_nil(last(crm).body)
    assert(crm.listings:get_published { type = "LuxVT" })
    assert.equal("application/xml", last(crm).accept)
  end)

  it("hands on value and response, or nil and the err", function()
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
    it("sends " .. one.name .. " with what it needs and with all it takes", function()
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

  it("has v1 below a name of its own", function()
    assert(crm.v1.tasks:list { leadId = 1 })
    assert.equal("/v1.0/tasks", last(crm).path)
    assert(crm.tasks:list { leadId = 1 })
    assert.equal("/v2.0/tasks", last(crm).path)
    assert.equal(crm.v1, crm.v1)
    assert.equal(crm.v1.tasks, crm.v1.tasks)
  end)

  it("knows what it has not", function()
    assert.is_nil(crm.lead)
    assert.has_error(function() return crm.leads.updat end, 'crm.leads has no "updat", did you mean "update"?')
    assert.has_error(function() return crm.v1.task end, 'crm.v1 has no "task", did you mean "tasks"?')
    assert.has_error(function() return crm.leads.zzzzzz end, 'crm.leads has no "zzzzzz"')
  end)

  it("shows itself without a secret", function()
    assert.equal("lofty.resource: crm.leads", tostring(crm.leads))
    assert.equal("lofty.list: crm.leads.list", tostring(crm.leads.list))
    assert.equal("lofty.resource: crm.v1.tasks", tostring(crm.v1.tasks))
  end)

  it("is a class N call when a new lead is written to", function()
    assert(crm.leads:create { firstName = "Ann" })
    assert.equal("create", last(crm).class)
    assert(crm.leads:create { firstName = "Ann", welcomeEmail = true })
    assert.equal("notify", last(crm).class)
    assert(crm.leads:create { firstName = "Ann", leadAlert = false })
    assert.equal("create", last(crm).class)
  end)

  it("leaves the caller's table alone and raises nothing, even with checks off", function()
    crm = fake.new(nil, { validate = false })
    local given = { { a = 1 } }
    assert(crm.leads:all(given))
    assert.same({ { a = 1 } }, given)
    assert(crm.tasks.mine:all { currentId = "abc" })
    assert.equal("abc", last(crm).query.currentId)
  end)

  it("reaches a person by whatever the server may take for true", function()
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

describe("what is checked before anything is sent", function()
  local crm
  before_each(function() crm = fake.new() end)
  after_each(function() assert.equal(0, #crm.sent) end)

  it("is every name, and the error says which is near", function()
    refuses('leads.update: unknown field "stagee", did you mean "stage"?', crm.leads:update(LEAD, { stagee = "x" }))
    refuses('leads.list: unknown parameter "limt", did you mean "limit"?', crm.leads:list { limt = 5 })
    refuses('leads.create: unknown field "first_name", did you mean "firstName"?', crm.leads:create { first_name = "x" })
    refuses('leads.create: unknown field "xyzzy"', crm.leads:create { firstName = "x", xyzzy = 1 })
    refuses('leads.create: unknown field "inquiry.pricemin", did you mean "priceMin"?',
      crm.leads:create { firstName = "x", inquiry = { pricemin = 1 } })
    refuses('tasks.finish: unknown parameter "note"', crm.tasks:finish(1, { note = "x" }))
  end)

  it("tells one thing at a time, and always the same", function()
    for _ = 1, 20 do
      refuses('leads.create: unknown field "aaa"', crm.leads:create { ccc = 1, bbb = 1, aaa = 1, zipCode = 7 })
      refuses('leads.create: field "firstName": a string expected, got 1',
        crm.leads:create { firstName = 1, zipCode = 7, stage = true })
    end
  end)

  it("is what must be there", function()
    refuses('leads.create: field "firstName": is required', crm.leads:create { lastName = "x" })
    refuses('webhooks.create: fields "listId" and "callbackUrl" are required', crm.webhooks:create {})
    refuses('leads.delete: parameter "reason": is required', crm.leads:delete(LEAD))
    refuses('notes.list: parameter "leadId": is required', crm.notes:list())
    refuses('leads.create: field "leadFamilyMemberList[2].firstName": is required',
      crm.leads:create { firstName = "x", leadFamilyMemberList = { { firstName = "y" }, { lastName = "z" } } })
  end)

  it("is what must be there beside something else", function()
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
    refuses('routing.update_default_rule: field "roleId": is required when type is 4',
      crm.routing:update_default_rule(4, { strategyType = 1 }))
    refuses('leads.update: field "ownershipId": is required when ownershipScope is OFFICE',
      crm.leads:update(LEAD, { ownershipScope = "OFFICE" }))
  end)

  it("is the type", function()
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
    refuses('leads.create: field "isPin": a boolean expected, got "true"',
      crm.leads:create { firstName = "x", isPin = "true" })
    refuses('leads.create: field "assignedUserId": an integer expected, got 1.5',
      crm.leads:create { firstName = "x", assignedUserId = 1.5 })
    refuses('leads.create: field "assignedUserId": an integer expected, got "12a"',
      crm.leads:create { firstName = "x", assignedUserId = "12a" })
    refuses('leads.create: field "leadTransaction.gci": a number expected, got "much"',
      crm.leads:create { firstName = "x", leadTransaction = { transactionName = "x", gci = "much" } })
    refuses('leads.list: parameter "contacted": a boolean expected, got 1', crm.leads:list { contacted = 1 })
    refuses("leads.assign: an array expected, got a table with names or gaps", crm.leads:assign(1, { role = "Agent" }))
  end)

  it("is what is allowed", function()
    refuses('transactions.list: parameter "transactionType": "purchase" is not known, did you mean "Purchase"?',
      crm.transactions:list { transactionType = "purchase" })
    refuses('logs.list: parameter "logType": must be one of "logCall", "logEmail", "logText", got "fax"',
      crm.logs:list { leadId = 1, logType = "fax" })
    refuses('webhooks.create: field "listId": must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, got 13',
      crm.webhooks:create { listId = 13, callbackUrl = "https://example.com/" })
    refuses("routing.rules: type: must be one of 1, 2, 4, got 3", crm.routing:rules(3))
  end)

  it("is the range, in characters and not in bytes", function()
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

  it("is that an id is still the id it was", function()
    local value, err = crm.leads:get(9007199254740994.0)
    -- Lua 5.3 and newer read the literal as the float it is; past 2^53 it may be another person's id.
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.truthy(err.message:find("string", 1, true), err.message)
  end)

  it("is that null stands in a body alone", function()
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

  it("has an empty array where the operation says array", function()
    assert.equal('{"tags":[]}', body_of { tags = {} })
    assert.equal('{"inquiry":{"locations":[]}}', body_of { inquiry = { locations = {} } })
    assert.equal('{"inquiry":{}}', body_of { inquiry = {} })
  end)

  for _, id in ipairs { "1", LEAD, "9007199254740993", "9223372036854775807", "-9223372036854775808" } do
    it("has the id " .. id .. " as bare digits, from a string and from lofty.integer", function()
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

  it("has null where a field is to be cleared", function()
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

  it("takes both shapes where the reference leaves it open", function()
    local strategy = { memberWeights = { { memberId = 1, weight = 2 }, { memberId = 3, weight = 4 } } }
    assert(crm.routing:update_rule(1, { id = 7, routingStrategy = strategy }))
    assert.equal('[{"memberId":1,"weight":2},{"memberId":3,"weight":4}]',
      encode(last(crm).body.routingStrategy.memberWeights))
    strategy = { memberWeights = { memberId = 1, weight = 2 } }
    assert(crm.routing:update_rule(1, { id = 7, routingStrategy = strategy }))
    assert.equal('{"memberId":1,"weight":2}', encode(last(crm).body.routingStrategy.memberWeights))
  end)

  it("leaves out what the server alone may say", function()
    assert(crm.transactions:update(LEAD, 5, { transactionName = "Elm Street 1", created = 1, transactionId = "5" }))
    assert.equal('{"transactionName":"Elm Street 1"}', encode(last(crm).body))
  end)

  it("is a copy: the caller's own tables stay as they are", function()
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

  it("may be anything with validate = false, and is still prepared", function()
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
    -- Where the caller stands, so that he finds it.
    assert.equal("spec/unit/resources_spec.lua:", tostring(message):match("(spec/unit/resources_spec%.lua:)%d+: "), message)
    assert.equal(text, (tostring(message):gsub("^.-:%d+: ", "")))
  end

  it("raises where the caller stands", function()
    raises("crm.leads.update: leadId expected as argument 1, got nil", function() crm.leads:update() end)
    raises("crm.leads.update: leadId expected as argument 1, got table", function() crm.leads:update { stage = "x" } end)
    raises("crm.transactions.get: transactionId expected as argument 2, got nil", function()
      crm.transactions:get(LEAD)
    end)
    raises("crm.leads.update: a table of fields expected as argument 2, got nil", function() crm.leads:update(LEAD) end)
    raises("crm.leads.update: a table expected as argument 2, got string", function() crm.leads:update(LEAD, "x") end)
    raises("crm.leads.list: a table expected as argument 1, got number", function() crm.leads:list(5) end)
    raises("crm.notes.get: too many arguments; the fields stand together in one table", function()
      crm.notes:get(1, {}, {})
    end)
    raises("crm.leads.get: wait must be a number of seconds", function() crm.leads:get(1, { wait = "long" }) end)
    assert.equal(0, #crm.sent)
  end)

  it("raises for a dot where a colon belongs", function()
    raises("crm.leads.get: call it with a colon", function() crm.leads.get(LEAD) end)
    raises("crm.leads.list: call it with a colon", function() crm.leads.list {} end)
    raises("crm.leads.list: call it with a colon", function() crm.leads.each {} end)
    raises("crm.webhooks.ensure: call it with a colon", function() crm.webhooks.ensure {} end)
  end)

  it("raises for options of a list that do not exist", function()
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
  local function world(found_at)
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

  it("waits only when it is told to", function()
    local crm, naps = world(2)
    local lead, err = crm.leads:get(1)
    assert.is_nil(lead)
    assert.equal("not_found", err.kind)
    assert.equal(0, #naps)
  end)

  it("asks again, less and less often, until it is there", function()
    local crm, naps = world(4)
    assert(crm.leads:get(1, { wait = 10 }))
    assert.equal(4, #crm.sent)
    assert.same({ 0.25, 0.5, 1 }, naps)
    assert.is_nil(crm.sent[1].query)
  end)

  it("waits no longer than it was told", function()
    local crm, naps = world(100)
    local lead, err = crm.leads:get(1, { wait = 2 })
    assert.is_nil(lead)
    assert.equal("not_found", err.kind)
    local total = 0
    for _, nap in ipairs(naps) do total = total + nap end
    assert.equal(2, total)
  end)
end)
