-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local errors = require "lofty.errors"
local webhook = require "lofty.webhook"

local function parse(body)
  return assert(webhook.parse(body))
end

local function names(events)
  local list = {}
  for i, event in ipairs(events) do list[i] = event.name end
  return list
end

describe("a webhook delivery", function()
  it("of list 2, as captured from Lofty, is parsed", function()
    local events = parse '{"listId":2,"teamId":77,"updatedLead":[{"leadId":1142635515796067,"updateTime":1747008000123}]}'
    assert.equal(1, #events)
    local event = events[1]
    assert.equal("lead.updated", event.name)
    assert.equal("updated", event.action)
    assert.equal(2, event.list_id)
    assert.equal("Lead Info", event.list)
    assert.equal(77, event.team_id)
    assert.equal("1142635515796067", tostring(event.leadId))
    assert.equal(1747008000123, event.updateTime)
    assert.equal("updatedLead", event.bucket)
    assert.equal(event.leadId, event.data.leadId)
    assert.equal(77, event.delivery.teamId)
  end)

  for _, id in ipairs {
    "1", "651095960136641", "9007199254740993", "1738234566814937089", "9223372036854775807", "-9223372036854775808",
  } do
    it("keeps the id " .. id .. " exactly", function()
      local events = parse('{"listId":2,"teamId":' .. id .. ',"updatedLead":[{"leadId":' .. id .. "}]}")
      assert.equal(id, tostring(events[1].leadId))
      assert.equal(id, tostring(events[1].team_id))
    end)
  end

  it("may hold events of several buckets, ordered as created, updated, deleted", function()
    local events = parse [[{"listId":2,"teamId":1,
      "deletedLead":[{"leadId":3}],
      "updatedLead":[{"leadId":3},{"leadId":4}],
      "createdLead":[{"leadId":3}]}]]
    assert.same({ "lead.created", "lead.updated", "lead.updated", "lead.deleted" }, names(events))
    assert.equal(4, events[3].leadId)
  end)

  -- list, bucket, the event's name
  for _, case in ipairs {
    { 1, "createdAgent", "agent.created" },
    { 1, "updatedMember", "agent.updated" },
    { 2, "newLead", "lead.created" },
    { 2, "createdLead", "lead.created" },
    { 2, "updatedLead", "lead.updated" },
    { 2, "deletedLead", "lead.deleted" },
    { 2, "leadDeleted", "lead.deleted" },
    { 2, "trashedLeads", "lead.deleted" },
    { 3, "newActivity", "lead_activity.created" },
    { 3, "activities", "lead_activity.created" },
    { 4, "updatedListingAlert", "listing_alert.changed" },
    { 4, "deletedListingAlert", "listing_alert.deleted" },
    { 5, "createdTransaction", "transaction.created" },
    { 6, "createdCall", "call.created" },
    { 7, "createdEmail", "email.created" },
    { 8, "createdText", "text.created" },
    { 9, "updatedNote", "note.updated" },
    { 10, "finishedTask", "task.finished" },
    { 10, "unfinishedTask", "task.unfinished" },
    { 11, "deletedAppointment", "appointment.deleted" },
    { 12, "updatedPipeline", "pipeline.changed" },
    { 12, "stageChanged", "pipeline.changed" },
    { 9, "news", "note.changed" },
    { 99, "createdHomeAlert", "home_alert.created" },
    { 99, "somethingElse", "something_else.changed" },
  } do
    it("names " .. case[3] .. " for " .. case[2] .. " of list " .. case[1], function()
      local events = parse(('{"listId":%d,"%s":[{"leadId":5,"odd":{"kept":[]}}]}'):format(case[1], case[2]))
      assert.same({ case[3] }, names(events))
      assert.equal(case[2], events[1].bucket)
      assert.equal(5, events[1].leadId)
      assert.same({ kept = {} }, events[1].data.odd)
    end)
  end

  it("has a name for each of the twelve lists", function()
    assert.equal(12, #webhook.lists)
    for id, list in ipairs(webhook.lists) do
      local event = parse('{"listId":' .. id .. ',"leadId":1}')[1]
      assert.equal(list.name, event.list)
    end
  end)

  it("without a bucket is an event itself", function()
    local events = parse '{"listId":3,"teamId":1,"leadId":563172647619608,"updateTime":1747008000123}'
    assert.same({ "lead_activity.created" }, names(events))
    assert.equal("563172647619608", tostring(events[1].leadId))
    assert.equal(1747008000123, events[1].updateTime)
    assert.is_nil(events[1].bucket)
    assert.equal(events[1].delivery, events[1].data)
  end)

  it("gives its leadId to items that have none", function()
    local events = parse '{"listId":9,"leadId":5,"createdNote":[{"noteId":8},{"noteId":9,"leadId":6}]}'
    assert.equal(5, events[1].leadId)
    assert.equal(6, events[2].leadId)
  end)

  it("may hold ids instead of objects in a bucket whose name says what happened", function()
    local events = parse '{"listId":2,"deletedLead":[651095960136641,2]}'
    assert.same({ "lead.deleted", "lead.deleted" }, names(events))
    assert.equal("651095960136641", tostring(events[1].leadId))
  end)

  it("may hold one object instead of an array", function()
    local events = parse '{"listId":2,"updatedLead":{"leadId":7}}'
    assert.same({ "lead.updated" }, names(events))
    assert.equal(7, events[1].leadId)
  end)

  it("keeps unknown fields", function()
    local events = parse '{"listId":2,"teamId":1,"trace":"x","scope":{"a":1},"roles":["b"],"updatedLead":[{"leadId":7,"new":1}]}'
    assert.equal(1, #events)
    assert.equal("x", events[1].delivery.trace)
    assert.equal(1, events[1].delivery.scope.a)
    assert.equal("b", events[1].delivery.roles[1])
    assert.equal(1, events[1].data.new)
  end)

  it("of an unknown list and without a bucket is one event", function()
    local events = parse '{"kind":"?","leadId":5}'
    assert.same({ "unknown.changed" }, names(events))
    assert.equal(5, events[1].leadId)
    assert.equal("?", events[1].data.kind)
    assert.is_nil(events[1].list)
  end)

  it("may have its listId as a string", function()
    local event = parse('{"listId":"2","newLead":[{"leadId":5}]}')[1]
    assert.equal("lead.created", event.name)
    assert.equal("2", event.list_id)
  end)

  it("reads null as absent, and keeps it in the data", function()
    local event = parse('{"listId":null,"teamId":null,"updatedLead":[{"leadId":null}]}')[1]
    assert.is_nil(event.list_id)
    assert.is_nil(event.team_id)
    assert.is_nil(event.leadId)
    assert.equal(core.null, event.data.leadId)
    assert.equal("lead.updated", event.name)
  end)

  it("has no events when its buckets are empty, hold only null, or when it is an empty object", function()
    assert.same({}, parse '{"listId":2,"updatedLead":[]}')
    assert.same({}, parse '{"listId":2,"updatedLead":[null]}')
    assert.same({}, parse "{}")
    assert.equal(1, #parse '{"listId":2,"updatedLead":[null,{"leadId":1}]}')
  end)

  it("may begin with a byte order mark", function()
    assert.same({ "lead.created" }, names(parse '\239\187\191{"listId":2,"newLead":[{"leadId":1}]}'))
  end)

  for what, name in pairs {
    ["half a surrogate pair"] = "Jo\\ud83d", ["bytes that are not UTF-8"] = "Jos\233", ["a bare line end"] = "Jo\nS",
  } do
    it("with " .. what .. " in a record is an error, and is read with json = \"repair\"", function()
      local body = '{"listId":2,"newLead":[{"leadId":1,"firstName":"' .. name .. '"},{"leadId":2}]}'
      assert.equal("decode", select(2, webhook.parse(body)).kind)
      local events = assert(webhook.parse(body, { json = "repair" }))
      assert.equal(2, #events)
      assert.matches("^Jo", events[1].data.firstName)
    end)
  end

  describe("with more events than allowed", function()
    local function bucket(name, count) return '"' .. name .. '":[' .. ("1,"):rep(count - 1) .. "1]" end
    for _, case in ipairs {
      { "one bucket", "{" .. bucket("newLead", 4) .. "}" },
      { "several buckets", "{" .. bucket("newLead", 2) .. "," .. bucket("deletedLead", 2) .. "}" },
      { "several deliveries", "[{" .. bucket("newLead", 2) .. "},{" .. bucket("newLead", 2) .. "}]" },
      { "deliveries without buckets", '[{"a":1},{"a":1},{"a":1},{"a":1}]' },
      { "empty buckets", '{"newA":[],"newB":[],"newC":[],"newD":[]}' },
    } do
      it("in " .. case[1] .. " is an error", function()
        local events, err = webhook.parse(case[2], { max_events = 3 })
        assert.is_nil(events)
        assert.equal("too_many_events", err.code)
        assert.truthy(webhook.parse(case[2], { max_events = 4 }))
      end)
    end

    it("is refused by default only above the most that Lofty sends", function()
      assert.equal(5000, #parse("{" .. bucket("newLead", 5000) .. "}"))
      assert.equal("too_many_events", select(2, webhook.parse("{" .. bucket("newLead", 5001) .. "}")).code)
    end)
  end)

  it("does not look for an action in a name that is too long for a bucket's", function()
    local name = "created" .. ("Aa"):rep(40)
    assert.equal("unknown", parse('{"' .. name .. '":[1]}')[1].name:match "^%w+")
  end)

  it("may be one of several in an array", function()
    local events = parse '[{"listId":2,"newLead":[{"leadId":1}]},{"listId":9,"newNote":[{"noteId":2}]}]'
    assert.same({ "lead.created", "note.created" }, names(events))
    assert.same({}, parse "[]")
  end)

  for _, case in ipairs {
    { "nothing", "" },
    { "no JSON", "listId=2" },
    { "half of it", '{"listId":2,"updatedLead":[{"leadId":1' },
    { "a string", '"updatedLead"' },
    { "a number", "2" },
    { "null", "null" },
    { "false", "false" },
    { "an array of numbers", "[1]" },
    { "an array of arrays", "[[]]" },
    { "bytes that are no UTF-8", '{"listId":2,"note":"\255"}' },
  } do
    it("is an error when it is " .. case[1], function()
      local events, err = webhook.parse(case[2])
      assert.is_nil(events)
      assert.is_true(errors.is(err))
      assert.equal("decode", err.kind)
      assert.matches("^webhook: ", err.message)
    end)
  end
end)

describe("an event's key", function()
  local function key(body) return webhook.key(parse(body)[1]) end
  local lead = '{"listId":2,"teamId":1,"updatedLead":[{"leadId":7,"updateTime":9,"tags":["a","b"],"x":{"p":1,"q":null}}]}'

  it("is the same for the same event, however it is written and batched", function()
    local again = '{"updatedLead":[{"x":{"q":null,"p":1},"tags":["a","b"],"updateTime":9,"leadId":7},{"leadId":8}],'
      .. '"teamId":1, "listId":2}'
    assert.equal(key(lead), key(again))
    assert.matches("^%x+$", key(lead))
    assert.equal(64, #key(lead))
  end)

  for _, case in ipairs {
    { "another time", ':9', ':10' },
    { "another lead", ':7', ':70' },
    { "another list", '"listId":2', '"listId":3' },
    { "another team", '"teamId":1', '"teamId":2' },
    { "another bucket", "updatedLead", "createdLead" },
    { "another order in an array", '"a","b"', '"b","a"' },
    { "another type", '"p":1', '"p":"1"' },
    { "another border between two strings", '"a","b"', '"a,b"' },
    { "a null", '"p":1', '"p":null' },
  } do
    it("differs for " .. case[1], function()
      local other, count = lead:gsub(case[2], case[3])
      assert.equal(1, count)
      assert.not_equal(key(lead), key(other))
    end)
  end

  it("differs for ids that differ in the last of 15 digits, or of 17, when they are written as floats", function()
    for _, ids in ipairs {
      { "651095960136641.0", "651095960136642.0" }, { "6.51095960136641E14", "6.51095960136642E14" },
      { "1.2345678901234566E16", "1.2345678901234568E16" },
    } do
      assert.not_equal(key((lead:gsub(":7", ":" .. ids[1]))), key((lead:gsub(":7", ":" .. ids[2]))))
    end
    assert.equal(key((lead:gsub(":7", ":651095960136641.0"))), key((lead:gsub(":7", ":6.51095960136641E14"))))
  end)
end)
