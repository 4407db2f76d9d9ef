-- SPDX-License-Identifier: MIT

--- The emulator's deliveries of subscribed webhooks.

local asking = require "spec.support.sandbox_requests"
local json = require "lofty.sandbox.server.json"
local sandbox = require "lofty.sandbox"

local LEAD = "651095960136641"
local LATER = "2031-05-06T09:00:00-05:00"
local PHONE = "5125550188"

describe("a write to the sandbox #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start { workers = 2 }
    ask = asking(box)
  end)
  teardown(function() box:finish() end)
  after_each(function() box:control("reset") end)

  local lead_id = json.int(LEAD)

  local function call(method, path, body)
    local status, answer, _, text = ask.api(method, path, body and json.encode(body))
    assert.equal(200, status, method .. " " .. path .. " " .. text)
    return answer
  end

  local function subscribe(list, url)
    return call("POST", "/v1.0/webhook", { listId = list, callbackUrl = url or "https://hooks.example/x" })
  end

  -- The deliveries since the last look, as "bucket field,field": their bodies have one event each.
  local function delivered()
    local out = {}
    for i, one in ipairs(box:control("deliveries", { reset = true }).deliveries) do
      local body = json.decode(one.body)
      for bucket, events in pairs(body) do
        if json.is_array(events) then
          assert.equal(1, #events)
          assert.truthy(json.digits(events[1].updateTime))
          local fields = {}
          for name in pairs(events[1]) do
            if name ~= "updateTime" then fields[#fields + 1] = name end
          end
          table.sort(fields)
          out[i] = bucket .. " " .. table.concat(fields, ",")
        end
      end
    end
    return out
  end

  it("is posted to a subscriber on loopback, once and in the order of the writes", function()
    subscribe(2, box.url .. "/hook/secret") -- the emulator is the subscriber here: it responds 404
    box:journal(true)
    for n = 1, 20 do call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "N" .. n }) end
    local made = call("POST", "/v1.0/leads", { firstName = "Ann" }).leadId
    local deliveries, posted = box:control("deliveries").deliveries, {}
    assert.equal(21, #deliveries)
    assert.equal(404, deliveries[1].status)
    for _, request in ipairs(box:journal()) do
      if request.path == "/hook/secret" then posted[#posted + 1] = json.decode(request.body) end
    end
    assert.equal(21, #posted)
    assert.equal(2, posted[1].listId)
    for n = 1, 20 do assert.equal(lead_id, posted[n].updatedLead[1].leadId) end
    assert.equal(made, posted[21].createdLead[1].leadId)
  end)

  it("is recorded and not sent for any other address", function()
    subscribe(2)
    call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "New" })
    local one = box:control("deliveries").deliveries[1]
    assert.equal("https://hooks.example/x", one.url)
    assert.is_nil(one.status)
    assert.is_nil(one.problem)
  end)

  it("says why a delivery failed when nobody listens", function()
    subscribe(2, "http://127.0.0.1:9/x")
    call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "New" })
    assert.truthy(box:control("deliveries").deliveries[1].problem)
  end)

  it("makes no delivery without a subscription, nor after it was deleted", function()
    call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "New" })
    local made = subscribe(2)
    call("DELETE", "/v1.0/webhook/" .. tostring(made.subscribeId))
    call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "Newer" })
    assert.same({}, delivered())
  end)

  it("forgets its deliveries at a reset", function()
    subscribe(2)
    call("PUT", "/v1.0/leads/" .. LEAD, { lastName = "New" })
    box:control("reset")
    assert.same({}, delivered())
  end)

  it("reaches the subscribers of leads and of stages", function()
    subscribe(2)
    subscribe(12)
    call("PUT", "/v1.0/leads/" .. LEAD, { stage = "Contacted" })
    assert.same({ "updatedLead leadId", "updatedPipeline leadId,stage" }, delivered())
    call("PUT", "/v1.0/leads/" .. LEAD, { stage = "Contacted" })
    assert.same({ "updatedLead leadId" }, delivered())
    call("POST", "/v1.0/leads/" .. LEAD .. "/inquiry", { priceMax = 5 })
    call("POST", "/v1.0/leads/" .. LEAD .. "/property", { city = "Waco" })
    call("POST", "/v1.0/leads/" .. LEAD .. "/assignment",
         json.array { { role = "Agent", assignee = "ada@whitfield.example" } })
    assert.same({ "updatedLead leadId", "updatedLead leadId", "updatedLead leadId" }, delivered())
    call("DELETE", "/v1.0/leads/" .. LEAD .. "?reason=test")
    assert.same({ "deletedLead leadId" }, delivered())
  end)

  it("reaches the subscribers of notes, tasks, appointments and transactions", function()
    for _, list in ipairs { 5, 9, 10, 11 } do subscribe(list) end
    local note = "/v1.0/notes/" .. tostring(call("POST", "/v1.0/notes", { leadId = lead_id, content = "a" }).noteId)
    call("PUT", note, { content = "b" })
    call("DELETE", note)
    assert.same({ "createdNote leadId,noteId", "updatedNote leadId,noteId", "deletedNote leadId,noteId" }, delivered())
    local fields = { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent", endAt = LATER }
    local task = "/v2.0/tasks/" .. tostring(call("POST", "/v2.0/tasks", fields).taskId)
    call("PUT", task, { content = "changed" })
    call("POST", task .. "/finish")
    call("DELETE", task)
    assert.same({ "createdTask leadId,taskId", "updatedTask leadId,taskId", "finishedTask leadId,taskId",
                  "deletedTask leadId,taskId" }, delivered())
    fields = { leadId = lead_id, type = "Appointment", content = "showing", startAt = LATER, endAt = LATER,
               timeZoneCode = "America/Chicago" }
    local entry = "/v2.0/calendar/" .. call("POST", "/v2.0/calendar", fields).data.id
    call("PUT", entry, { content = "second showing" })
    call("POST", entry .. "/finish")
    call("DELETE", entry)
    assert.same({ "createdAppointment appointmentId,leadId", "updatedAppointment appointmentId,leadId",
                  "finishedAppointment appointmentId,leadId", "deletedAppointment appointmentId,leadId" }, delivered())
    local base = "/v1.0/leads/" .. LEAD .. "/transaction"
    local deal = call("POST", base, { transactionName = "1 Main Street" })
    call("PUT", base .. "/" .. tostring(deal.transactionId), { homePrice = 5 })
    assert.same({ "createdTransaction leadId,transactionId", "updatedTransaction leadId,transactionId" }, delivered())
  end)

  it("reaches the subscribers of communication with an id to fetch it by", function()
    for _, list in ipairs { 6, 7, 8 } do subscribe(list) end
    call("POST", "/v1.0/message/sms/send", { leadId = lead_id, content = "hello" })
    call("POST", "/v1.0/message/email/send", { leadId = lead_id, content = "hello", subject = "Hi" })
    call("POST", "/v1.0/logType", { leadId = lead_id, logType = "logCall", content = "left a message",
                                    leadPhoneNumber = PHONE, callingOutcome = "VoiceMessage" })
    local made = box:control("deliveries").deliveries
    assert.equal(3, #made)
    local text = json.decode(made[1].body).createdText[1]
    assert.equal("hello", call("GET", "/v2.0/communication/text/" .. tostring(text.timelineId)).textContent)
    local email = json.decode(made[2].body).createdEmail[1]
    assert.equal("Hi", call("GET", "/v2.0/communication/email/" .. tostring(email.timelineId)).emailSubject)
    local logged = json.decode(made[3].body).createdCall[1]
    local got = call("GET", "/v2.0/communication/call/" .. tostring(logged.timelineId))
    assert.same({ "left a message", "VoiceMessage", PHONE }, { got.note, got.callingOutcome, got.leadPhoneNumber })
  end)

  it("reaches the subscribers of activity and of agents", function()
    subscribe(1)
    subscribe(3)
    call("POST", "/v1.0/leads/" .. LEAD .. "/activity",
         { type = "Browse", text = "a house", link = "https://site.example/1", picture = "", created = 1767614400000 })
    call("POST", "/v2.0/agents/651095969136648/deactivate")
    call("POST", "/v1.0/agent/profile/add", { accountType = 1, accountInfo = {
      firstName = "Nia", lastName = "Cole", emailAddress = "nia@cole.example", phoneNumber = PHONE } })
    assert.same({ "updatedLeadActivity leadId", "updatedAgent userId", "createdAgent userId" }, delivered())
  end)
end)
