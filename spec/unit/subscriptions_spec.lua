-- SPDX-License-Identifier: MIT

local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"
local lofty = require "lofty"

local URL = "https://example.com/hook/s3cret"

-- A server that keeps subscriptions; `refuse` names the operation that fails.
local function client_with(subscriptions, refuse)
  local kept = {}
  for i, one in ipairs(subscriptions) do kept[i] = one end
  return fake.new(function(call)
    if call.operation == refuse then
      return nil, errors.new { kind = "invalid", message = "WEBHOOK_EXCEED_LIMIT", sent = true }
    end
    if call.operation == "webhooks.list" then
      local copy = lofty.array {}
      for i, one in ipairs(kept) do copy[i] = one end
      return copy
    elseif call.operation == "webhooks.create" then
      local one = {
        subscribeId = tostring(1000 + #kept), listId = call.body.listId, callbackUrl = call.body.callbackUrl,
        limit = call.body.limit or 100, permissionMode = call.body.permissionMode or 0,
      }
      kept[#kept + 1] = one
      return one
    end
    for i, one in ipairs(kept) do
      if tostring(one.subscribeId) == tostring(call.params.subscribeId) then
        table.remove(kept, i)
        return true
      end
    end
    return nil, errors.new { kind = "not_found", message = "gone", sent = true }
  end), kept
end

local function one(id, list, url, limit)
  return { subscribeId = id, listId = list, callbackUrl = url or URL, limit = limit or 100, permissionMode = 0 }
end

local function lists(found)
  local numbers = {}
  for i, subscription in ipairs(found) do numbers[i] = subscription.listId end
  return numbers
end

describe("crm.webhooks:ensure", function()
  it("creates missing subscriptions, by number or by name", function()
    local crm, kept = client_with {}
    local found, changes = crm.webhooks:ensure { callbackUrl = URL, lists = { "note", "lead", 3 } }
    assert.same({ 2, 3, 9 }, lists(found))
    assert.same({ 2, 3, 9 }, lists(changes.created))
    assert.same({ 2, 3, 9 }, lists(kept))
    assert.equal(0, #changes.deleted)
    assert.equal(URL, crm.sent[2].body.callbackUrl)
  end)

  it("does nothing when called again", function()
    local crm = client_with {}
    local wanted = { callbackUrl = URL, lists = { "lead", "note" }, limit = 50, permissionMode = 1 }
    assert(crm.webhooks:ensure(wanted))
    local before = #crm.sent
    local found, changes = crm.webhooks:ensure(wanted)
    assert.equal(before + 1, #crm.sent)
    assert.same({ 2, 9 }, lists(found))
    assert.same({ 2, 9 }, lists(changes.kept))
    assert.equal(0, #changes.created + #changes.deleted)
  end)

  it("deletes unwanted and duplicate subscriptions of its address", function()
    local crm, kept = client_with { one(1, 2), one(2, 2), one(3, 5) }
    local found, changes = crm.webhooks:ensure { callbackUrl = URL, lists = { "lead" } }
    assert.same({ 2 }, lists(found))
    assert.same({ 2, 5 }, lists(changes.deleted))
    assert.equal(1, #kept)
    assert.equal(1, kept[1].subscribeId)
  end)

  it("does not touch other addresses", function()
    local theirs = one(7, 2, "https://other.example/hook")
    local crm, kept = client_with { theirs, one(8, 5) }
    assert(crm.webhooks:ensure { callbackUrl = URL, lists = {} })
    assert.same({ theirs }, kept)
  end)

  it("replaces subscriptions of addresses that begin with `prefix`", function()
    local crm, kept = client_with { one(7, 2, "https://example.com/hook/old"), one(8, 2, "https://example.com/other") }
    local found = assert(crm.webhooks:ensure {
      callbackUrl = URL, lists = { "lead" }, prefix = "https://example.com/hook/",
    })
    assert.same({ 2 }, lists(found))
    assert.equal(2, #kept)
    assert.equal("https://example.com/other", kept[1].callbackUrl)
  end)

  it("replaces a subscription with other settings", function()
    local crm = client_with { one(1, 2, URL, 100) }
    local found, changes = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 }, limit = 500 }
    assert.equal(500, tonumber(tostring(found[1].limit)))
    assert.equal(1, #changes.deleted)
    assert.equal(1, #changes.created)
    assert.equal("webhooks.delete", crm.sent[2].operation)
  end)

  it("deletes nothing when the new values are invalid", function()
    for _, wrong in ipairs { { limit = 9999 }, { limit = "many" }, { permissionMode = 7 } } do
      local crm, kept = client_with { one(1, 2) }
      wrong.callbackUrl, wrong.lists = URL, { 2 }
      local found, err = crm.webhooks:ensure(wrong)
      assert.is_nil(found)
      assert.equal("invalid", err.kind)
      assert.is_false(err.sent)
      assert.equal(1, #kept)
    end
  end)

  it("takes a number and its digits for equal", function()
    local crm = client_with { one(1, 2, URL, 500) }
    local _, changes = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 }, limit = "500" }
    assert.equal(1, #changes.kept)
  end)

  it("accepts empty responses, and refuses a response without a list", function()
    local crm = fake.new(function(call)
      if call.operation == "webhooks.list" then return lofty.array {} end
      return true
    end)
    assert.same({ 2, 9 }, lists(assert(crm.webhooks:ensure { callbackUrl = URL, lists = { "note", "lead" } })))
    crm = fake.new(function() return true end)
    local found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
    assert.is_nil(found)
    assert.equal("server", err.kind)
    crm = fake.new(function() return { webhooks = { one(1, 2) } } end)
    found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
    assert.is_nil(found)
    assert.equal("server", err.kind)
    assert.equal(1, #crm.sent)
    crm = fake.new(function() return {} end)
    found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
    assert.same({ n = 2, nil, 1 }, { n = 2, found, #crm.sent })
    assert.equal("server", err.kind)
  end)

  -- Of each: the list, and a part of the message.
  for name, case in pairs {
    ["null"] = { { one(1, 5), lofty.null }, "item 2 of the list is null" },
    ["a text"] = { { "lead" }, "item 1 of the list is a string" },
    ["a subscription without callbackUrl"] = { { one(1, 5), { subscribeId = 2, listId = 2 } },
      "item 2 of the list of subscriptions has no callbackUrl" },
    ["a subscription whose callbackUrl is null"] = { { { subscribeId = 2, listId = 2, callbackUrl = lofty.null } }, "has no callbackUrl" },
    ["its own subscription without listId"] = { { one(1, 5), { subscribeId = 2, callbackUrl = URL } },
      "item 2 of the list of subscriptions has no listId" },
    ["one to delete without subscribeId"] = { { one(1, 5), { listId = 3, callbackUrl = URL } },
      "item 2 of the list of subscriptions has no subscribeId" },
    ["one to delete whose subscribeId is a table"] = { { one({}, 5) }, "has no subscribeId" },
  } do
    it("changes nothing when the list has " .. name, function()
      local crm = client_with(case[1])
      local found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
      assert.is_nil(found)
      assert.same({ "server", 1 }, { err.kind, #crm.sent })
      assert.truthy(err.message:find(case[2], 1, true), err.message)
    end)
  end

  it("accepts a list number that is a string of digits", function()
    local crm = client_with { one(1, "2"), one(2, 9) }
    local found, changes = crm.webhooks:ensure { callbackUrl = URL, lists = { "lead", "note" } }
    assert.same({ "2", 9 }, lists(found))
    assert.same({ 0, 0, 2 }, { #changes.created, #changes.deleted, #changes.kept })
  end)

  for _, operation in ipairs { "webhooks.create", "webhooks.delete" } do
    it("is an err when the response of " .. operation .. " does not confirm it", function()
      local crm = client_with { one(1, 5) }
      local send = crm.send
      function crm:send(call)
        if call.operation == operation then return { message = "maintenance" }, { status = 200 } end
        local value, response = send(self, call)
        return value, response
      end
      local found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
      assert.is_nil(found)
      assert.same({ operation, true }, { err.operation, err.outcome_unknown })
    end)
  end

  it("accepts that a subscription was deleted meanwhile", function()
    local crm = client_with {}
    local send = crm.send
    function crm:send(call)
      local value, response = send(self, call)
      if call.operation == "webhooks.list" then value[1] = one(99, 5) end
      return value, response
    end
    assert(crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } })
  end)

  for _, operation in ipairs { "webhooks.list", "webhooks.create", "webhooks.delete" } do
    it("returns the err when " .. operation .. " fails", function()
      local crm = client_with({ one(1, 5) }, operation)
      local found, err = crm.webhooks:ensure { callbackUrl = URL, lists = { 2 } }
      assert.is_nil(found)
      assert.equal("WEBHOOK_EXCEED_LIMIT", err.message)
    end)
  end

  for _, case in ipairs {
    { "no options", nil, "crm.webhooks.ensure: callbackUrl must be a URL" },
    { "an unknown option", { callbackURL = URL }, 'crm.webhooks.ensure: unknown option "callbackURL", did you mean "callbackUrl"?' },
    { "no lists", { callbackUrl = URL }, "crm.webhooks.ensure: lists must be an array of list numbers or names" },
    { "an unknown list", { callbackUrl = URL, lists = { "leed" } }, 'crm.webhooks.ensure: there is no list "leed", did you mean "lead"?' },
    { "list 13", { callbackUrl = URL, lists = { 13 } }, "crm.webhooks.ensure: there is no list 13" },
    { "an empty prefix", { callbackUrl = URL, lists = {}, prefix = "" },
      "crm.webhooks.ensure: prefix must be the beginning of your own URLs" },
  } do
    it("raises on the caller's line for " .. case[1], function()
      local crm = client_with {}
      local ok, message = pcall(function() crm.webhooks:ensure(case[2]) end)
      assert.is_false(ok)
      assert.truthy(message:find("spec/unit/subscriptions_spec.lua:", 1, true), message)
      assert.equal(case[3], (message:gsub("^.-:%d+: ", "")))
      assert.equal(0, #crm.sent)
    end)
  end
end)
