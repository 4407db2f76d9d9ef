-- SPDX-License-Identifier: MIT

-- `lofty webhooks`: subscriptions, failed events of a spool, and deliveries of the emulator.
local command = require "spec.support.command"

local has_spool = pcall(require, "lofty.spool")

command.describe("lofty webhooks", function()
  local on = command.set_up { rate_limit = 500, login = true }
  local run = on.run
  local json = require("lofty").json
  local URL = "https://hooks.example.com/lofty/secret-part"

  local function subscriptions()
    local _, out, err = run { "webhooks", "list" }
    return assert(json.decode(out), err)
  end

  -- The numbers of the lists to which an address is subscribed.
  local function lists_of(url)
    local numbers = {}
    for _, one in ipairs(subscriptions()) do
      if one.callbackUrl == url then numbers[#numbers + 1] = one.listId end
    end
    table.sort(numbers)
    return numbers
  end

  it("creates missing subscriptions to lists, by name and by number", function()
    local code, out, err = run { "webhooks", "ensure", URL, "lead", "9" }
    assert.equal(0, code, err)
    assert.equal(2, #json.decode(out))
    assert.same({ 2, 9 }, lists_of(URL))
  end)

  for name, body in pairs {
    ["is empty"] = "", ["is null"] = "null", ["has no list"] = '{"message":"maintenance"}', ["has a list with null"] = "[null]",
  } do
    it("says what is wrong when the response " .. name, function()
      for _, terminal in ipairs { true, false } do
        on.box:control("fault", { path = "/v1.0/webhooks", status = 200, body = body, times = 1 })
        local code, out, err = run({ "webhooks", "list" }, { terminal = terminal })
        assert.same({ 7, "" }, { code, out }, err)
        assert.truthy(err:find("webhooks.list: ", 1, true), err)
        assert.truthy(err:find("list", 15, true), err)
      end
      on.box:control("fault", { path = "/v1.0/webhooks", status = 200, body = body, times = 1 })
      local code, _, err = run { "webhooks", "ensure", URL, "lead" }
      assert.equal(7, code, err)
      assert.same({}, lists_of(URL))
    end)
  end

  it("reads the address from standard input, and shows only its host", function()
    local code, _, err = run({ "webhooks", "ensure", "-", "lead,note" }, { input = URL .. "\n" })
    assert.equal(0, code, err)
    assert.same({ 2, 9 }, lists_of(URL))
    assert.truthy(err:find("https://hooks.example.com/...", 1, true), err)
    assert.is_nil(err:find("secret-part", 1, true))
  end)

  it("with --dry-run, shows the changes and does not make them", function()
    local code, _, err = run { "webhooks", "ensure", URL, "lead", "--dry-run" }
    assert.equal(0, code, err)
    assert.truthy(err:find("created  lead", 1, true), err)
    assert.same({}, lists_of(URL))
  end)

  it("has every operation of the resource", function()
    local code, out, err = run { "webhooks", "create", "callbackUrl=" .. URL, "listId=9" }
    assert.equal(0, code, err)
    assert.equal(9, json.decode(out).listId)
    assert.same({ 9 }, lists_of(URL))
    local _
    _, out = run { "webhooks", "list", "--json", "listId" }
    assert.equal('[{"listId":9}]\n', out)
    code, out = run { "webhooks", "create", "callbackUrl=" .. URL, "listId=9", "--lua" }
    assert.equal(0, code)
    assert.truthy(out:find("crm.webhooks:create({", 1, true), out)
  end)

  it("needs --yes to delete", function()
    run { "webhooks", "ensure", URL, "lead", "note" }
    assert.equal(9, (run { "webhooks", "ensure", URL, "lead" }))
    assert.same({ 2, 9 }, lists_of(URL))
    assert.equal(0, (run { "webhooks", "ensure", URL, "lead", "--yes" }))
    assert.same({ 2 }, lists_of(URL))
    local id = tostring(subscriptions()[1].subscribeId)
    assert.equal(9, (run { "webhooks", "delete", id }))
    assert.equal(0, (run { "webhooks", "delete", id, "--yes" }))
    assert.same({}, lists_of(URL))
  end)

  it("suggests the list that was meant", function()
    local code, _, err = run { "webhooks", "ensure", URL, "leed" }
    assert.equal(2, code)
    assert.truthy(err:find('did you mean "lead"?', 1, true), err)
  end)

  it("shows a table without the addresses' secrets on a terminal", function()
    run { "webhooks", "ensure", URL, "lead" }
    local code, out = run({ "webhooks", "list" }, { terminal = true })
    assert.equal(0, code)
    assert.truthy(out:find("lead           https://hooks.example.com/...", 1, true), out)
  end)

  describe("trigger", function()
    it("makes the emulator send a delivery", function()
      local code, out, err = run { "webhooks", "trigger", "note.created", on.box.url .. "/_sandbox/none", "--count", "2" }
      assert.equal(1, code) -- that address responds with 404
      assert.truthy(err:find("responded with 40", 1, true), err)
      local events = require("lofty.webhook").parse(out)
      assert.equal(2, #events)
      assert.equal("note.created", events[1].name)
    end)

    it("reports a receiver that cannot be reached", function()
      local code, _, err = run { "webhooks", "trigger", "note.created", "http://127.0.0.1:1/" }
      assert.equal(1, code)
      assert.truthy(err:find("The delivery failed: connection refused", 1, true), err)
    end)

    it("rejects an unknown event, and any server but the emulator", function()
      local code, _, err = run { "webhooks", "trigger", "leed.updated", on.box.url .. "/" }
      assert.equal(2, code)
      assert.truthy(err:find("objects: agent, lead", 1, true), err)
      code, _, err = run({ "webhooks", "trigger", "lead.updated", on.box.url .. "/" },
        { variables = { LOFTY_BASE_URL = "https://api.lofty.com" } })
      assert.equal(2, code)
      assert.truthy(err:find("lofty sandbox", 1, true), err)
    end)
  end)

  describe("a spool", function()
    if not has_spool then
      pending "needs lofty.spool"
      return
    end

    local function failing_spool(path)
      local spool = require("lofty").spool.file { path = path }
      spool:attach(function() return nil, "no \27[31mluck" end, 1)
      assert(spool:put('{"listId":2,"updatedLead":[{"leadId":651095960136641,"updateTime":1}]}'))
      assert(spool:run(0))
      return spool
    end

    it("lists the failed events, and lets them be handled again", function()
      local path = on.user:file "spool"
      local spool = failing_spool(path)
      local code, out = run { "webhooks", "failed", path }
      assert.equal(0, code)
      local failed = json.decode(out)
      assert.equal(1, #failed)
      assert.equal("lead.updated", failed[1].event.name)
      code, out = run({ "webhooks", "failed", path }, { terminal = true })
      assert.equal(0, code)
      assert.truthy(out:find("lead 651095960136641", 1, true), out)
      assert.is_nil(out:find("\27", 1, true))
      assert.equal(0, (run { "webhooks", "retry", path, failed[1].id }))
      local handled = 0
      spool:attach(function() handled = handled + 1 return true end)
      assert(spool:run(0))
      assert.equal(1, handled)
      assert.equal("[]\n", (select(2, run { "webhooks", "failed", path })))
    end)

    it("retries all, and reports an unknown id", function()
      local path = on.user:file "spool"
      failing_spool(path)
      assert.equal(4, (run { "webhooks", "retry", path, "123-ab.1" }))
      assert.equal(0, (run { "webhooks", "retry", path, "all" }))
      assert.equal("[]\n", (select(2, run { "webhooks", "failed", path })))
    end)

    it("reports a path without a spool", function()
      assert.equal(4, (run { "webhooks", "failed", on.user:file "absent" }))
    end)
  end)
end)
