-- SPDX-License-Identifier: MIT

--- The emulator's records beside leads and notes: tasks, calendar, logs, transactions, messages, agents.

local json = require "lofty.sandbox.server.json"
local asking = require "spec.support.sandbox_requests"
local sandbox = require "lofty.sandbox"

local LEAD = "651095960136641"
local LATER, EVEN_LATER = "2031-05-06T09:00:00-05:00", "2031-05-06T10:00:00-05:00"

describe("the sandbox keeps #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start()
    ask = asking(box)
  end)
  teardown(function() box:finish() end)
  after_each(function() box:control("reset") end)

  -- The decoded answer (and its text) of a call that must have this status.
  local function call(expected, method, path, body)
    local status, answer, _, text = ask.api(method, path, body and json.encode(body))
    assert.equal(expected, status, method .. " " .. path .. " " .. text)
    return answer, text
  end

  local lead_id = json.int(LEAD)

  it("tasks: create, update, finish, unfinish, delete", function()
    local new = { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent", endAt = LATER }
    local path = "/v2.0/tasks/" .. tostring(call(200, "POST", "/v2.0/tasks", new).taskId)
    call(200, "PUT", path, { content = "changed", endAt = EVEN_LATER })
    local task = call(200, "GET", path).task
    assert.same({ "changed", "2031-05-06T15:00:00GMT", false }, { task.content, task.endAt, task.finishFlag })
    call(200, "POST", path .. "/finish")
    assert.is_true(call(200, "GET", path).task.finishFlag)
    call(200, "POST", path .. "/unfinish")
    assert.is_false(call(200, "GET", path).task.finishFlag)
    assert.equal("MISSING_PARAMETER", call(400, "PUT", path, { timeZoneCode = "UTC" }).message)
    call(200, "DELETE", path)
    assert.equal("TASK_NOT_EXIST", call(404, "DELETE", path).message)
    new.endAt = "tomorrow"
    call(400, "POST", "/v2.0/tasks", new)
    new.endAt, new.leadId = LATER, 1
    assert.equal(20017, call(400, "POST", "/v2.0/tasks", new).code)
  end)

  it("the same tasks for both versions, the older with empty responses", function()
    local new = { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent", deadline = 1935928800000 }
    local id = tostring(call(200, "POST", "/v1.0/tasks", new).taskId)
    local path = "/v1.0/tasks/" .. id
    assert.equal("2031-05-07 14:00:00", call(200, "GET", path).task.deadline)
    new.content, new.finishFlag = "ignored", true
    local _, text = call(200, "PUT", path, new)
    assert.equal("", text)
    local task = call(200, "GET", "/v2.0/tasks/" .. id).task
    assert.same({ "call", true }, { task.content, task.finishFlag })
    new.leadId = 1
    assert.equal("INVALID_UPDATE_OPERATION_LEADID", call(400, "PUT", path, new).message)
    _, text = call(200, "DELETE", path)
    assert.equal("", text)
    call(404, "GET", path)
  end)

  it("fields that a partial update leaves out", function()
    local new = { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent", deadline = 1935928800000 }
    local path = "/v1.0/tasks/" .. tostring(call(200, "POST", "/v1.0/tasks", new).taskId)
    call(200, "PUT", path, { content = "changed" })
    local task = call(200, "GET", path).task
    assert.same({ "changed", "2031-05-07 14:00:00" }, { task.content, task.deadline })
    assert.equal("MISSING_PARAMETER", call(400, "PUT", path, {}).message)
    call(200, "PUT", path, { finishFlag = true })
    assert.is_true(call(200, "GET", path).task.finishFlag)

    local base = "/v1.0/leads/" .. LEAD .. "/transaction"
    call(400, "POST", base, { homePrice = 5 })
    local deal = call(200, "POST", base, { transactionName = "1 Main Street" })
    path = base .. "/" .. tostring(deal.transactionId)
    deal = call(200, "PUT", path, { homePrice = 5 })
    assert.same({ "1 Main Street", 5 }, { deal.transactionName, deal.homePrice })
    assert.equal(200062, call(400, "PUT", path, { transactionName = " " }).code)
    call(200, "PUT", "/v1.0/leads/" .. LEAD, { leadTransaction = { homePrice = 5 } })
    call(400, "POST", "/v1.0/leads", { firstName = "Ann", leadTransaction = { homePrice = 5 } })

    path = "/v1.0/notes/" .. tostring(call(200, "POST", "/v1.0/notes", { leadId = lead_id, content = "x" }).noteId)
    assert.is_false(call(200, "GET", path).note.isPin)
    call(200, "PUT", path, { content = "y", isPin = true })
    assert.is_true(call(200, "GET", path).note.isPin)
    call(200, "PUT", path, { content = "z" })
    assert.is_false(call(200, "GET", path).note.isPin) -- its default
    call(400, "PUT", path, { content = "z", isPin = json.null })
    call(400, "PUT", path, { isPin = true })
    call(400, "PUT", path, { content = "z", leadId = 1 })

    call(200, "POST", "/v1.0/teamFeatures/custom-field", { attributeName = "Pets", attributeType = "text" })
    call(400, "PUT", "/v1.0/leads/" .. LEAD, { customAttributeList = json.array { { attributeName = "Pets" } } })
  end)

  it("tasks of a smart plan, which can't be finished", function()
    local found
    for _, task in ipairs(call(200, "GET", "/v2.0/tasks/my-tasks?limit=100").tasks) do
      if task.queryInfo ~= "" then found = task.id end
    end
    assert.equal("TASK_IS_SMARTPLAN", call(400, "POST", "/v2.0/tasks/" .. tostring(found) .. "/finish").message)
  end)

  it("tasks and appointments of a lead in three lists", function()
    local all = call(200, "GET", "/v2.0/tasks?leadId=" .. LEAD).tasks
    local tasks = call(200, "GET", "/v1.0/tasks?leadId=" .. LEAD).taskList
    local appointments = call(200, "GET", "/v1.0/appts?leadId=" .. LEAD)
    assert.equal(40, #all)
    assert.equal(#all, #tasks + #appointments)
    assert.is_true(#appointments > 0)
    call(404, "GET", "/v2.0/tasks?leadId=1")
  end)

  it("calendar entries under composite ids", function()
    local new = { leadId = lead_id, type = "Appointment", content = "showing", startAt = LATER, endAt = EVEN_LATER,
                  timeZoneCode = "America/Chicago" }
    local made = call(200, "POST", "/v2.0/calendar", new).data
    assert.equal("APPOINTMENT", made.type)
    local digits = made.id:match("^(%d+)%-appointment$")
    local path = "/v2.0/calendar/" .. made.id
    call(200, "PUT", path, { content = "second showing" })
    assert.equal("second showing", call(200, "GET", "/v2.0/tasks/" .. digits).task.content)
    assert.equal(20012, call(400, "PUT", "/v2.0/calendar/" .. digits .. "-task", { content = "x" }).code)
    assert.equal(20012, call(400, "POST", "/v2.0/calendar/" .. digits .. "/finish").code)
    local day = "/v2.0/calendar?startTime=2031-05-06T00:00:00Z&endTime=2031-05-07T00:00:00Z"
    assert.equal(1, call(200, "GET", day).data.total)
    call(200, "POST", path .. "/finish")
    assert.equal(0, call(200, "GET", day).data.total)
    assert.equal(1, call(200, "GET", day .. "&includeFinished=true").data.total)
    call(200, "DELETE", path)
    assert.equal(20012, call(400, "DELETE", path).code)
    new.startAt = "2020-01-01T00:00:00Z"
    call(400, "POST", "/v2.0/calendar", new)
    new.startAt, new.type = LATER, "TASK" -- a task also requires taskWay
    call(400, "POST", "/v2.0/calendar", new)
  end)

  it("manual logs, with the values that are corrected without an error", function()
    local new = { leadId = lead_id, logType = "logCall", content = ("x"):rep(6000), leadPhoneNumber = "5125550188",
                  callingOutcome = "Vanished" }
    local log = call(200, "POST", "/v1.0/logType", new).logType
    assert.same({ 5000, "Talked", "outbound" }, { #log.content, log.callingOutcome, log.outboundOrInbound })
    local path = "/v1.0/logType/" .. tostring(log.id)
    assert.equal(log.id, call(200, "GET", path).logType.id)
    local _, text = call(200, "DELETE", path)
    assert.equal("", text)
    call(404, "DELETE", path)
    new.leadPhoneNumber = ("5"):rep(21)
    assert.equal(20043, call(400, "POST", "/v1.0/logType", new).code)
    new.leadPhoneNumber = nil
    assert.equal(20012, call(400, "POST", "/v1.0/logType", new).code)
  end)

  it("transactions, each below its lead only", function()
    local base = "/v1.0/leads/" .. LEAD .. "/transaction"
    local made = call(200, "POST", base, { transactionName = "1 Main Street", homePrice = 350000.5 })
    local path = base .. "/" .. tostring(made.transactionId)
    assert.equal("Under Contract", call(200, "PUT", path, { transactionName = "1 Main Street",
                                                            transactionStatus = "Under Contract" }).transactionStatus)
    assert.equal(350000.5, call(200, "GET", path).homePrice)
    call(404, "GET", "/v1.0/leads/651095960136648/transaction/" .. tostring(made.transactionId))
    assert.equal(200125, call(400, "PUT", path, { transactionName = "x", transactionStatus = "Nowhere" }).code)
    assert.equal(200062, call(400, "POST", base, { transactionName = "<b>" }).code)
    local address = { transactionId = made.transactionId, city = "Waco", state = "TX" }
    call(200, "POST", base .. "/property/address", address)
    address.state = nil
    call(200, "POST", base .. "/property/address", address) -- replaces all of it
    assert.same(address, call(200, "GET", path .. "/property/address"))
    local found = call(200, "GET", "/v2.0/transactions?queryKey=1+Main+Street+and+much+more")
    assert.equal(0, found.totalCount)
    assert.equal(1, call(200, "GET", "/v2.0/transactions?queryKey=1+Main").totalCount)
  end)

  it("calls, with the same error whether one exists or not", function()
    local first = call(200, "GET", "/v1.0/calls?leadId=" .. LEAD).calls[1]
    local one = call(200, "GET", "/v1.0/calls/" .. tostring(first.id))
    assert.equal(first.id, one.calls.id) -- one object under the plural name
    assert.equal(first.id, call(200, "GET", "/v1.0/call/url/" .. tostring(first.id)).calls.id)
    assert.equal(20017, call(400, "GET", "/v1.0/calls/1").code)
    assert.equal(20017, call(400, "GET", "/v2.0/communication/text/" .. tostring(first.id)).code)
  end)

  it("messages, sent to the lead's first number when the wanted one is not the lead's", function()
    local sent = call(200, "POST", "/v1.0/message/sms/send", { leadId = lead_id, content = "hello", phoneNumber = "1" })
    assert.equal("5125550000", sent.phoneNumber)
    assert.equal("string", type(sent.messageId))
    local texts = call(200, "GET", "/v1.0/communication/text?limit=1000&leadId=" .. LEAD).texts
    assert.equal("hello", texts[#texts].textContent)
    call(400, "POST", "/v1.0/message/email/send", { leadId = lead_id, content = " ", subject = "Hi" })
  end)

  it("agents, whose errors come with HTTP 200", function()
    local me = call(200, "GET", "/v1.0/me")
    assert.equal(990107, call(200, "POST", "/v2.0/agents/" .. tostring(me.memberUserId) .. "/deactivate").code)
    local path = "/v2.0/agents/651095969136648/"
    assert.same({ success = true }, call(200, "POST", path .. "deactivate"))
    assert.equal(990105, call(200, "POST", path .. "deactivate").code)
    assert.same({ success = true }, call(200, "POST", path .. "reactivate"))
    assert.equal(990112, call(200, "POST", path .. "reactivate").code)
    local tags = call(200, "POST", "/v1.0/agent/651095969136648/tag/add", { tagNames = json.array { "unheard of" } })
    assert.same({ false, 20012 }, { tags.data, tags.errorCode })
    local info = { firstName = "Nia", lastName = "Cole", emailAddress = "nia@cole.example" }
    local profile = { accountType = 1, accountInfo = info }
    assert.equal(20012, call(200, "POST", "/v1.0/agent/profile/add", profile).errorCode)
    info.phoneNumber = "5125550188"
    assert.equal(0, call(200, "POST", "/v1.0/agent/profile/add", profile).errorCode)
    assert.equal("Nia", call(200, "GET", "/v1.0/members/nia%40cole.example").firstName)
    assert.equal(200060, call(200, "PUT", "/v1.0/brokermint/transaction", { id = 1 }).code)
  end)

  -- The member of the team with this place in the list: { memberUserId, firstName, lastName, email }.
  local function member(place) return call(200, "GET", "/v1.0/members?limit=100").members[place] end

  it("an assignment by e-mail address, in an array: the lead's owner and its other roles", function()
    local path = "/v1.0/leads/" .. LEAD .. "/assignment"
    local agent, lender = member(3), member(4)
    call(400, "POST", path, { role = "Agent", assignee = agent.email })
    call(404, "POST", path, json.array { { role = "Agent", assignee = "nobody@example.com" } })
    call(200, "POST", path, json.array { { role = "Agent", assignee = agent.email } })
    call(200, "POST", path, json.array { { role = "Lender", assignee = lender.email } })
    local lead = call(200, "GET", "/v1.0/leads/" .. LEAD).lead
    assert.equal(agent.memberUserId, lead.assignedUserId)
    assert.equal(agent.firstName .. " " .. agent.lastName, lead.assignedUser)
    assert.equal(lender.memberUserId, lead.lenderUserId)
    assert.same({ "Agent", "Lender" }, { lead.customRoleList[1].role, lead.customRoleList[2].role })
    assert.same({ 1, 2 }, { lead.customRoleList[1].roleId, lead.customRoleList[2].roleId })
  end)

  it("the name of a lead's owner, and finds leads by the owner", function()
    local owner = member(5)
    local id = tostring(owner.memberUserId)
    call(200, "PUT", "/v1.0/leads/" .. LEAD, { assignedUserId = owner.memberUserId })
    local lead = call(200, "GET", "/v1.0/leads/" .. LEAD).lead
    assert.equal(owner.firstName .. " " .. owner.lastName, lead.assignedUser)
    assert.equal(1, call(200, "GET", "/v1.0/leads?assignedUserId=" .. id)._metadata.total)
    assert.equal(owner.email, call(200, "GET", "/v1.0/users/" .. id).email)
    call(200, "POST", "/v1.0/leads", { firstName = "Ann", assignedUserId = owner.memberUserId })
    assert.equal(2, call(200, "GET", "/v1.0/leads?assignedUserId=" .. id)._metadata.total)
    assert.equal(20012, call(400, "PUT", "/v1.0/leads/" .. LEAD, { assignedUserId = 12345 }).code)
  end)

  it("a flag of a lead that an update sets to false", function()
    local path = "/v1.0/leads/" .. LEAD
    call(200, "PUT", path, { cannotText = true, isHidden = true })
    call(200, "PUT", path, { cannotText = false, isHidden = false })
    local lead = call(200, "GET", path).lead
    assert.is_false(lead.cannotText)
    assert.is_false(lead.hiddenFlag)
    call(200, "PUT", path, { cannotText = json.null })
    assert.is_nil(call(200, "GET", path).lead.cannotText)
  end)

  it("one lead of two with the same e-mail address, when it merges", function()
    box:control("settings", { merge_leads = true })
    local new = { firstName = "Ann", emails = json.array { "lead1@mail.example", "ann@example.com" },
                  phones = json.array { "5125559999" }, tags = json.array { "web" }, referredBy = "Bo" }
    local lost = tostring(call(200, "POST", "/v1.0/leads", new).leadId)
    call(404, "GET", "/v1.0/leads/" .. lost)
    local lead = call(200, "GET", "/v1.0/leads/" .. LEAD).lead
    assert.same({ "Maria", "Bo" }, { lead.firstName, lead.referredBy }) -- the known lead keeps its fields
    assert.same({ "lead1@mail.example", "ann@example.com" }, { lead.emails[1], lead.emails[2] })
    assert.equal("5125559999", lead.phones[2])
    assert.equal("web", lead.tags[#lead.tags].tagName)
    assert.equal(1, call(200, "GET", "/v1.0/leads?email=ann%40example.com&preciseSearchFlag=true")._metadata.total)
  end)

  it("the changes of a lead's stage", function()
    local before = call(200, "GET", "/v1.0/leads/" .. LEAD).lead.stage
    call(200, "PUT", "/v1.0/leads/" .. LEAD, { stage = "Under Contract" })
    call(200, "PUT", "/v1.0/leads/" .. LEAD, { stage = "Closed" })
    local list = call(200, "GET", "/v1.0/systemLogs?leadId=" .. LEAD).timeLines
    assert.same({ "Under Contract", "Closed" }, { list[1].content.fromStageName, list[1].content.toStageName })
    assert.same({ before, "Under Contract" }, { list[2].content.fromStageName, list[2].content.toStageName })
    assert.not_equal(list[1].id, list[2].id)
  end)

  it("what a lead did on the site, and what was logged with it", function()
    local visit = { type = "Browse", text = "a house", link = "https://site.example/1", picture = "", created = 4102444800000 }
    call(200, "POST", "/v1.0/leads/" .. LEAD .. "/activity", visit)
    assert.equal("a house", call(200, "GET", "/v1.0/leads/" .. LEAD .. "/activities")[1].text)
    call(200, "POST", "/v1.0/logType", { leadId = lead_id, logType = "logText", content = "asked for a showing",
                                         outboundOrInbound = "inbound" })
    local all = call(200, "GET", "/v2.0/leads/" .. LEAD .. "/activities?limit=1000").activities
    local last = all[#all]
    assert.same({ "Text", "Logged", "Inbound" }, { last.channel, last.communicationType, last.direction })
  end)

  it("offices, which PUT adds and POST changes", function()
    local id = call(200, "PUT", "/v1.0/org/office", { name = "North" }).data.id
    call(200, "POST", "/v1.0/org/office", { id = id, name = "Northern" })
    call(404, "POST", "/v1.0/org/office", { id = 1, name = "Nowhere" })
  end)
end)
