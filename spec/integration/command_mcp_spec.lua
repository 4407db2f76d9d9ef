-- SPDX-License-Identifier: MIT

-- The messages of `lofty mcp`: JSON-RPC 2.0 and the Model Context Protocol, revision 2025-06-18.
local command = require "spec.support.command"

command.describe("lofty mcp", function()
  local on = command.set_up { rate_limit = 5000, login = true }
  local json = require("lofty").json
  local LEAD = "651095960136641"

  -- Sends lines; returns the decoded lines of the response, the exit code, and stderr.
  local function lines(options, ...)
    local arguments = { "mcp" }
    for _, option in ipairs(options) do arguments[#arguments + 1] = option end
    local code, out, err = on.run(arguments, { input = table.concat({ ... }, "\n") .. "\n" })
    local answers = {}
    for line in out:gmatch "[^\n]+" do answers[#answers + 1] = assert(json.decode(line)) end
    return answers, code, err
  end

  local function request(method, params, id)
    return json.encode { jsonrpc = "2.0", id = id or 1, method = method, params = params }
  end

  -- Calls a tool; returns the decoded result, or nil and the text of the failure.
  local function call(name, arguments, options)
    local answers = lines(options or {}, request("tools/call", { name = name, arguments = arguments or {} }))
    local result = assert(answers[1].result, answers[1].error and answers[1].error.message)
    local text = result.content[1].text
    if result.isError then return nil, text end
    return assert(json.decode(text)), text
  end

  describe("the protocol", function()
    it("agrees on a revision and names its capabilities", function()
      local answers, code = lines({}, request("initialize", { protocolVersion = "2025-06-18",
        capabilities = {}, clientInfo = { name = "spec", version = "1" } }),
        json.encode { jsonrpc = "2.0", method = "notifications/initialized" }, request("ping", nil, "two"))
      assert.equal(0, code)
      assert.equal(2, #answers)
      assert.equal("2025-06-18", answers[1].result.protocolVersion)
      assert.equal("lofty", answers[1].result.serverInfo.name)
      assert.same({}, answers[1].result.capabilities.tools)
      assert.equal("two", answers[2].id)
      assert.same({}, answers[2].result)
    end)

    it("offers its newest revision to a client that asks for an unknown one", function()
      local answers = lines({}, request("initialize", { protocolVersion = "1999-01-01" }))
      assert.equal("2025-06-18", answers[1].result.protocolVersion)
    end)

    it("responds with JSON-RPC's error codes, and continues", function()
      local answers = lines({}, "{", "[]", request "nothing/here", request("tools/call", { name = "nothing" }),
        json.encode { jsonrpc = "2.0", id = 5, result = {} }, request("ping", nil, 6))
      assert.equal(-32700, answers[1].error.code)
      assert.equal(require("lofty").null, answers[1].id)
      assert.equal(-32600, answers[2].error.code)
      assert.equal(-32601, answers[3].error.code)
      assert.equal(-32602, answers[4].error.code)
      assert.equal(6, answers[5].id)
      assert.equal(5, #answers)
    end)

    it("lists about a dozen tools with schemas", function()
      local tools = lines({}, request "tools/list")[1].result.tools
      assert.truthy(#tools >= 10 and #tools <= 15, #tools)
      for _, tool in ipairs(tools) do
        assert.equal("object", tool.inputSchema.type)
        assert.truthy(tool.description ~= "" and tool.annotations.readOnlyHint, tool.name)
      end
    end)

    it("rejects --allow without --write, and words other than send and delete", function()
      assert.equal(2, select(2, lines { "--allow", "send" }))
      assert.equal(2, select(2, lines { "--write", "--allow", "everything" }))
    end)

    it("writes only protocol messages to standard output, and no credential anywhere", function()
      local _, code, err = lines({}, request "ping")
      assert.equal(0, code)
      assert.truthy(err:find("read-only", 1, true), err)
      assert.is_nil(err:find(on.box.api_key, 1, true))
    end)
  end)

  describe("reading", function()
    it("finds a lead by name, e-mail and phone, with ids as text", function()
      for _, query in ipairs { "Alvarez", "lead1@mail.example", "(512) 555-0000" } do
        local found = assert(call("find_lead", { query = query }))
        assert.equal(LEAD, found.items[1].leadId, query)
        assert.is_nil(found.items[1].leadInquiry)
      end
    end)

    it("keeps ids beyond 2^53", function()
      assert.equal(0, (on.run { "auth", "logout", "--yes" }))
      on.user:log_in(on.box.api_keys["9007199254740993"])
      local found, text = call("list_leads", { limit = 2 })
      assert.equal("9007199254740993", found.items[2].leadId, text)
      assert.truthy(text:find('"leadId":"9007199254740993"', 1, true))
      local picture = assert(call("lead_picture", { leadId = "9007199254740993" }))
      assert.equal("9007199254740993", picture.lead.leadId)
    end)

    it("returns a lead with its notes, tasks and activities", function()
      local picture, text = call("lead_picture", { leadId = LEAD })
      assert.equal("Maria", picture.lead.firstName, text)
      assert.equal(11, picture.notes.count) -- without the system's own
      assert.truthy(picture.tasks.count > 0 and picture.tasks.more)
      assert.truthy(picture.activities.count > 0 and picture.activities.more)
      local shown = picture.activities.items
      assert.truthy(shown[1].activityTime > shown[#shown].activityTime, "the latest come first")
      local oldest = assert(call("list_activities", { leadId = LEAD, limit = 1 })).items[1]
      assert.truthy(shown[#shown].activityTime > oldest.activityTime)
      assert.truthy(#text < 40000, #text)
    end)

    it("continues with the cursor: every lead once, in the list's order", function()
      local seen, cursor, order = {}, nil, {}
      for _ = 1, 4 do
        local found = assert(call("list_leads", { limit = 40, cursor = cursor, fields = { "leadId" } }))
        for _, lead in ipairs(found.items) do
          assert.is_nil(seen[lead.leadId])
          seen[lead.leadId] = true
          order[#order + 1] = lead.leadId
        end
        cursor = found.cursor
      end
      assert.equal(160, #order)
      assert.truthy(cursor)
      local crm = require("lofty").client { api_key = on.box.api_key, base_url = on.box.url }
      local at = 0
      for lead in crm.leads:each {} do
        at = at + 1
        assert.equal(order[at], tostring(lead.leadId))
        if at == #order then break end
      end
    end)

    it("ends a list without a cursor", function()
      local found = assert(call("list_notes", { leadId = LEAD, limit = 100 }))
      assert.equal(11, found.count)
      assert.is_nil(found.cursor)
    end)

    it("leaves out items that do not fit, and returns the cursor of the first of them", function()
      local first = assert(call("list_leads", { limit = 100, fields = { "*" } }))
      assert.truthy(first.count < 100 and first.cursor, first.count)
      local second = assert(call("list_leads", { limit = 1, fields = { "leadId" }, cursor = first.cursor }))
      local all = assert(call("list_leads", { limit = 100, fields = { "leadId" } }))
      assert.equal(all.items[first.count + 1].leadId, second.items[1].leadId)
    end)

    it("cuts a long text", function()
      local crm = require("lofty").client { api_key = on.box.api_key, base_url = on.box.url }
      assert(crm.notes:create { leadId = LEAD, content = ("\195\164"):rep(1900) })
      local _, text = call("list_notes", { leadId = LEAD })
      assert.truthy(text:find("bytes cut", 1, true), text)
      assert.truthy(json.decode(text))
    end)

    it("lists all operations, and describes one", function()
      local all = assert(call "describe_operation")
      local count = 0
      for _ in pairs(all) do count = count + 1 end
      assert.equal(123, count)
      local one = assert(call("describe_operation", { operation = "notes.create" }))
      assert.same({ "content", "leadId" }, one.fields.required)
      local _, problem = call("describe_operation", { operation = "notes.creat" })
      assert.truthy(problem:find("did you mean notes.create?", 1, true), problem)
    end)

    it("calls any operation that reads", function()
      assert.equal("Maria", assert(call("call_operation",
        { operation = "leads.get", path = { leadId = LEAD }, select = { "firstName" } })).firstName)
      assert.equal("Maria", assert(call("call_operation",
        { operation = "leads.get", path = { leadId = LEAD }, fields = require("lofty").array {} })).firstName)
      assert.equal(3, assert(call("call_operation", { operation = "members.list", limit = 3 })).count)
      assert.truthy(call("call_operation", { operation = "v1.tasks.list", fields = { leadId = LEAD } }).items)
    end)

    it("reports failures as results, which the assistant sees", function()
      local _, problem = call("lead_picture", { leadId = "999999999999999" })
      assert.truthy(problem:find("not_found", 1, true) or problem:find("no such", 1, true), problem)
      _, problem = call("lead_picture", {})
      assert.truthy(problem:find("needs the argument leadId", 1, true), problem)
      _, problem = call("lead_picture", { leadId = { 1 } })
      assert.truthy(problem:find("leadId must be a string", 1, true), problem)
      _, problem = call("list_leads", { fields = "leadId" })
      assert.truthy(problem:find("fields must be an array", 1, true), problem)
      _, problem = call("call_operation", { operation = "leads.list", fields = { stagee = "x" } })
      assert.truthy(problem:find("describe_operation lists the fields of leads.list.", 1, true), problem)
      _, problem = call("list_leads", { stages = "x" })
      assert.truthy(problem:find('no argument "stages"', 1, true), problem)
      _, problem = call("list_leads", { cursor = "bad" })
      assert.truthy(problem:find("cursor must be that of", 1, true), problem)
    end)
  end)

  describe("writing", function()
    local NOTE = { operation = "notes.create", fields = { leadId = LEAD, content = "called" } }
    local DELETE = { operation = "leads.delete", path = { leadId = LEAD }, fields = { reason = "duplicate" } }
    local SMS = { operation = "communication.send_sms", fields = { leadId = LEAD, content = "hello" } }

    -- How many writes the emulator has received.
    local function writes()
      local count = 0
      for _, seen in ipairs(on.box:journal(true)) do
        if seen.method ~= "GET" and seen.path:find "^/v%d" then count = count + 1 end
      end
      return count
    end

    it("refuses every write without --write", function()
      on.box:journal(true)
      for resource, verbs in pairs(require "lofty.api.operations") do
        for verb, op in pairs(verbs) do
          if op.class ~= "read" then
            local _, problem = call("call_operation", { operation = resource .. "." .. verb, fields = {} })
            assert.truthy(problem:find("read-only", 1, true), resource .. "." .. verb)
          end
        end
      end
      assert.equal(0, writes())
    end)

    it("writes with --write, but neither sends messages nor deletes", function()
      on.box:journal(true)
      assert.truthy(call("call_operation", NOTE, { "--write" }).noteId)
      assert.equal(1, writes())
      local _, problem = call("call_operation", DELETE, { "--write" })
      assert.truthy(problem:find("--allow delete", 1, true), problem)
      _, problem = call("call_operation", SMS, { "--write" })
      assert.truthy(problem:find("--allow send", 1, true), problem)
      _, problem = call("call_operation",
        { operation = "leads.create", fields = { firstName = "Per", welcomeEmail = true } }, { "--write" })
      assert.truthy(problem:find("--allow send", 1, true), problem)
      assert.equal(0, writes())
    end)

    it("refuses each operation that sends or deletes without its word in --allow", function()
      on.box:journal(true)
      for resource, verbs in pairs(require "lofty.api.operations") do
        for verb, op in pairs(verbs) do
          local word = op.class == "notify" and "send" or op.method == "DELETE" and "delete"
          if word then
            local _, problem = call("call_operation", { operation = resource .. "." .. verb, fields = {},
              path = op.params and { [op.path:match "{(%w+)}"] = "1" } or nil },
              { "--write", "--allow", word == "send" and "delete" or "send" })
            assert.truthy(problem:find("--allow " .. word, 1, true), resource .. "." .. verb)
          end
        end
      end
      assert.equal(0, writes())
    end)

    it("sends a message with --allow send, but does not delete", function()
      on.box:journal(true)
      local sent, problem = call("call_operation", SMS, { "--write", "--allow", "send" })
      assert.truthy(sent, problem)
      local seen = on.box:journal()
      assert.equal("POST /v1.0/message/sms/send", seen[#seen].method .. " " .. seen[#seen].path)
      assert.equal("hello", json.decode(seen[#seen].body).content)
      assert.equal(1, writes())
      sent, problem = call("call_operation", DELETE, { "--write", "--allow", "send" })
      assert.is_nil(sent)
      assert.truthy(problem:find("--allow delete", 1, true), problem)
    end)

    it("deletes with --allow delete, but sends no message", function()
      on.box:journal(true)
      local _, text = call("call_operation", DELETE, { "--write", "--allow", "delete" })
      assert.equal(1, writes(), text)
      local sent, problem = call("call_operation", SMS, { "--write", "--allow", "delete" })
      assert.is_nil(sent)
      assert.truthy(problem:find("--allow send", 1, true), problem)
      assert.equal(0, writes())
    end)
  end)
end)
