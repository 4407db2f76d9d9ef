-- SPDX-License-Identifier: MIT

--- Checks the emulator against the vendor's document.

local contract = require "lofty.sandbox.server.contract"
local json = require "lofty.sandbox.server.json"
local json_schema = require "spec.support.json_schema"
local nginx = require "lofty.sandbox.nginx"

local DOCUMENT = "../shared/lofty-openapi.json"

-- Where the emulator differs from the document, and why: { operation, where, why }. "*" at the end stands for anything.
-- The reasons are what was seen live, or the operation's own description.
local DIFFERENCES = {
  { "GET /v1.0/leads", "._metadata*", "the server says _metadata, get_metadata comes of a Java getter" },
  { "GET /v1.0/members", "._metadata*", "the same" },
  { "GET /v1.0/calls", "._metadata*", "the same" },
  { "GET /v1.0/teamFeatures/lead-pipelines", "._metadata*", "the same" },
  { "GET /v1.0/listing", "._listingMetadata*", "the same, for get_listingMetadata" },
  { "GET /v1.0/listing", ".listIng", "seen as an array, the document says object" },
  { "GET /v1.0/listing", ".soldListing", "the same" },
  { "GET /v1.0/leads/{leadId}", ".lead*", "prose and the real server wrap the lead, the schema shows it flat" },
  { "POST /v2.0/listings/search", ".listing[].*", "the names that the real search was seen to use, beside the document's" },
  { "DELETE /v1.0/leads/{leadId}", "", "an empty body by the prose, an object by the schema" },
  { "POST /v2.0/agents/*", ".success", "success by the prose is {\"success\":true}, which the schema lacks" },
  { "GET /v2.0/working-leads", ".workingLeads[].aiStage", "the prose says that the AI stage is there" },
  { "GET /v2.0/sales-agents/working-lead/{leadId}", ".aiStage", "the same" },
  { "GET /v2.0/communication/agent", ".nextCursor", "null at the end by the prose, the schema knows no null" },
}

local document
do
  local text = nginx.contents(DOCUMENT)
  if text ~= "" then document = assert(json.decode(text)) end
end

if not document then
  describe("the sandbox against the vendor's document #sandbox", function()
    pending("needs ../shared/lofty-openapi.json, which is not part of this checkout")
  end)
  return
end

local function matches(pattern, text)
  local before = pattern:match("^(.*)%*$")
  if before then return text:sub(1, #before) == before end
  return pattern == text
end

-- The difference that explains a finding, or nil.
local function explained(operation, where)
  for _, difference in ipairs(DIFFERENCES) do
    if matches(difference[1], operation) and matches(difference[2], where) then return difference end
  end
  return nil
end

-- In the order of their names, because an operation may see what another has written.
local function each_operation(action)
  local names, operations = {}, {}
  for path, methods in pairs(document.paths) do
    for method, operation in pairs(methods) do
      local name = method:upper() .. " " .. path
      names[#names + 1], operations[name] = name, operation
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do action(name, operations[name]) end
end

-- The type that the document gives a parameter or a field, in the words of operations.lua.
local function type_word(schema)
  if schema["$ref"] then return "shape" end
  if schema.type == "integer" then return schema.format == "int64" and "i64" or "i32" end
  local words = { string = schema.format == "date-time" and "time" or "s", boolean = "b", number = "n" }
  return words[schema.type] or schema.type
end

describe("the sandbox's table of operations #sandbox", function()
  it("has the document's 123 operations and no other", function()
    local count = 0
    each_operation(function(name)
      count = count + 1
      assert.is_truthy(contract.operations[name], name)
    end)
    assert.equal(123, count)
    assert.equal(count, #contract.operations)
  end)

  it("has their parameters with the document's types", function()
    each_operation(function(name, operation)
      local known, query, params = contract.operations[name], 0, 0
      for _, parameter in ipairs(operation.parameters or {}) do
        local kinds = parameter["in"] == "query" and known.query or parameter["in"] == "path" and known.params
        if kinds then
          local kind = assert(kinds[parameter.name], name .. " lacks " .. parameter.name)
          assert.equal(type_word(parameter.schema), kind.name, name .. " " .. parameter.name)
          if kinds == known.query then
            query = query + 1
            assert.equal(parameter.required == true, kind.required, name .. " " .. parameter.name)
          else
            params = params + 1
          end
        end
      end
      assert.equal(query, #known.query, name)
      assert.equal(params, #known.params, name)
    end)
  end)

  it("has the document's shapes, field by field", function()
    for name, fields in pairs(contract.shapes) do
      local schema = assert(document.components.schemas[name], name)
      local required, count = {}, 0
      for _, field in ipairs(schema.required or {}) do required[field] = true end
      for field, part in pairs(schema.properties or {}) do
        count = count + 1
        local kind = assert(fields[field], name .. " lacks " .. field)
        assert.equal(type_word(part), kind.name, name .. "." .. field)
        assert.equal(required[field] == true, kind.required, name .. "." .. field)
      end
      assert.equal(count, #fields, name)
    end
  end)
end)

describe("the sandbox's answers #sandbox", function()
  local box
  local LEAD, NOTE = "651095960136641", "651095961136641"
  local WHEN = "2030-01-02T10:00:00Z"

  setup(function() box = require("lofty.sandbox").start() end)
  teardown(function() box:finish() end)

  local function ask(method, path, query, body)
    local words = {}
    for name, value in pairs(query or {}) do words[#words + 1] = name .. "=" .. value end
    local status, text, headers = box:request(method, path .. (#words > 0 and "?" .. table.concat(words, "&") or ""), {
      headers = { Authorization = "token " .. box.api_key, ["Content-Type"] = "application/json",
                  Accept = "application/json, application/xml" },
      body = body and json.encode(body) or nil,
    })
    return status, text, headers
  end

  local function made(method, path, body)
    local status, text = ask(method, path, nil, body)
    assert.equal(200, status, text)
    return assert(json.decode(text))
  end

  local lead_id = json.int(LEAD)
  local member = "651095969136648"

  -- The arguments for each operation: {params, query, body}; a function creates first what the call needs.
  local CALLS = {
    ["POST /v1.0/agent/communication"] = { body = { type = "ALL", startTime = 1767528000000, endTime = 1767614400000 } },
    ["POST /v1.0/agent/profile/add"] = { body = { accountType = 1, accountInfo = {
      firstName = "Nia", lastName = "Cole", emailAddress = "nia@cole.example", phoneNumber = "5125550188" } } },
    ["POST /v1.0/agent/send-notification"] = { body = { leadId = lead_id, notificationType = 9 } },
    ["POST /v1.0/agent/{agentId}/tag/add"] = { { agentId = member }, body = { tagNames = json.array { "vip" } } },
    ["PUT /v1.0/brokermint/lead"] = { body = { email = "nia@cole.example" } },
    ["PUT /v1.0/brokermint/transaction"] = { body = { id = 1 } },
    ["GET /v1.0/call/url/{callId}"] = function(is) return { { callId = is.call } } end,
    ["GET /v1.0/calls/{callId}"] = function(is) return { { callId = is.call } } end,
    ["GET /v1.0/getPublishedListings"] = { query = { type = "LuxVT" } },
    ["POST /v1.0/leads"] = { body = { firstName = "Nia", property = { city = "Austin" }, tags = json.array {} } },
    ["POST /v1.0/leads/assignee"] = { body = { firstName = "Nia", email = "nia@cole.example" } },
    ["DELETE /v1.0/leads/{leadId}"] = function()
      return { { leadId = tostring(made("POST", "/v1.0/leads", { firstName = "Gone" }).leadId) }, query = { reason = "test" } }
    end,
    ["PUT /v1.0/leads/{leadId}"] = { body = { stage = "Contacted" } },
    ["POST /v1.0/leads/{leadId}/activity"] = {
      body = { type = "Search", text = "x", link = "https://a.example/", picture = "", created = 1767614400000 } },
    ["POST /v1.0/leads/{leadId}/assignment"] = { body = json.array { { role = "Agent", assignee = "ada@whitfield.example" } } },
    ["POST /v1.0/leads/{leadId}/inquiry"] = { body = { priceMin = 1, bathroomsMin = "2" } },
    ["POST /v1.0/leads/{leadId}/property"] = { body = { city = "Austin" } },
    ["POST /v1.0/leads/{leadId}/transaction"] = { body = { transactionName = "1 Main Street" } },
    ["POST /v1.0/leads/{leadId}/transaction/property/address"] = function(is)
      return { body = { transactionId = json.int(is.transaction), city = "Austin" } }
    end,
    ["PUT /v1.0/leads/{leadId}/transaction/{transactionId}"] = { body = { transactionName = "2 Main Street" } },
    ["GET /v1.0/listing"] = { query = { agentListings = "true" } },
    ["POST /v1.0/logType"] = { body = { leadId = lead_id, logType = "logText", content = "hello" } },
    ["GET /v1.0/logType"] = { query = { logType = "logCall" } },
    ["GET /v1.0/members/{account}"] = { { account = "ada%40whitfield.example" } },
    ["POST /v1.0/message/email/send"] = { body = { leadId = lead_id, subject = "Hi", content = "hello" } },
    ["POST /v1.0/message/sms/send"] = { body = { leadId = lead_id, content = "hello" } },
    ["POST /v1.0/notes"] = { body = { leadId = lead_id, content = "hello", isPin = false } },
    ["PUT /v1.0/notes/{noteId}"] = { body = { leadId = lead_id, content = "hello", isPin = true } },
    ["DELETE /v1.0/notes/{noteId}"] = function()
      local note = made("POST", "/v1.0/notes", { leadId = lead_id, content = "gone", isPin = false })
      return { { noteId = tostring(note.noteId) } }
    end,
    ["PUT /v1.0/org/office"] = { body = { name = "South" } },
    ["POST /v1.0/org/office"] = function()
      return { body = { id = made("PUT", "/v1.0/org/office", { name = "North" }).data.id, name = "Northern" } }
    end,
    ["PUT /v1.0/routing/rule/{type}"] = { body = { id = 9001 } },
    ["POST /v1.0/tasks"] = { body = { leadId = lead_id, content = "call", deadline = 1893578400000, type = "Call",
                                      assignedRole = "Agent" } },
    ["PUT /v1.0/tasks/{taskId}"] = { body = { leadId = lead_id, content = "call", deadline = 1893578400000, type = "Call",
                                              assignedRole = "Agent" } },
    ["POST /v1.0/teamFeatures/custom-field"] = { body = { attributeName = "Pets", attributeType = "text", value = "" } },
    ["POST /v1.0/webhook"] = { body = { listId = 2, callbackUrl = "https://hooks.example/x" } },
    ["DELETE /v1.0/webhook/{subscribeId}"] = function()
      local hook = made("POST", "/v1.0/webhook", { listId = 9, callbackUrl = "https://hooks.example/x" })
      return { { subscribeId = tostring(hook.subscribeId) } }
    end,
    ["POST /v2.0/agents/{agentId}/deactivate"] = { { agentId = member } },
    ["POST /v2.0/agents/{agentId}/reactivate"] = { { agentId = "651095969136655" } },
    ["POST /v2.0/ai/call-script"] = { body = { leadId = lead_id, taskId = 1 } },
    ["GET /v2.0/ai/call-summary"] = { query = { callRecordId = "1" } },
    ["POST /v2.0/ai/call-summary/generate"] = { body = { leadId = lead_id, callRecordId = 1 } },
    ["POST /v2.0/ai/lead-analysis"] = { body = { leadIds = json.array { lead_id } } },
    ["POST /v2.0/ai/prepare-insight"] = { body = { leadId = lead_id, appointmentId = 1 } },
    ["GET /v2.0/calendar"] = { query = { startTimeMs = "1767000000000", includeFinished = "true" } },
    ["POST /v2.0/calendar"] = { body = { leadId = lead_id, type = "TASK", taskWay = "Call", content = "call", startAt = WHEN,
                                         endAt = WHEN, timeZoneCode = "America/Chicago" } },
    ["GET /v2.0/calendar/meetings/available"] = { query = { startTime = "2030-01-02T10:00:00Z", endTime = "2030-01-03T10:00:00Z" } },
    ["PUT /v2.0/calendar/{calendarId}"] = { body = { content = "changed" } },
    ["GET /v2.0/communication/agent"] = { query = { startTime = "1767000000000", endTime = "1767614400000", limit = "20" } },
    ["GET /v2.0/communication/call/{communicationId}"] = function(is) return { { communicationId = is.call } } end,
    ["GET /v2.0/communication/text/{communicationId}"] = function(is) return { { communicationId = is.text } } end,
    ["GET /v2.0/communication/email/{communicationId}"] = function(is) return { { communicationId = is.email } } end,
    ["POST /v2.0/listings/search"] = { body = { pageNum = 1 } },
    ["POST /v2.0/plan-tasks/create"] = { body = { leadIds = json.array { lead_id } } },
    ["POST /v2.0/sales-agent/ai-number/send-sms-to-agent"] = { body = { content = "hello" } },
    ["POST /v2.0/sales-agent/message/email/send-to-agent"] = { body = { content = "hello", subject = "Hi" } },
    ["POST /v2.0/sales-agent/message/sms/send-to-agent"] = { body = { content = "hello" } },
    ["POST /v2.0/sales-agent/notification/app-push/send-task-reminder"] = { body = { taskId = 1, type = "TASK" } },
    ["POST /v2.0/tasks"] = { body = { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent", endAt = WHEN } },
    ["PUT /v2.0/tasks/{taskId}"] = { body = { content = "changed" } },
    ["DELETE /v2.0/tasks/{taskId}"] = function(is) return { { taskId = is.new_task() } } end,
    ["DELETE /v1.0/tasks/{taskId}"] = function(is) return { { taskId = is.new_task() } } end,
    ["DELETE /v2.0/calendar/{calendarId}"] = function(is) return { { calendarId = is.new_task() .. "-task" } } end,
    ["DELETE /v1.0/logType/{logTypeId}"] = function()
      local log = made("POST", "/v1.0/logType", { leadId = lead_id, logType = "logText", content = "gone" })
      return { { logTypeId = tostring(log.logType.id) } }
    end,
    ["GET /v1.0/logType/{logTypeId}"] = { { logTypeId = "651095966136641" } },
    ["POST /v2.0/working-leads/add"] = { body = { leadIds = json.array { lead_id } } },
    ["GET /v2.0/sales-agents/working-lead/{leadId}"] = {},
  }

  -- Ids that the calls above take from lists.
  local function known()
    local is = { lead = LEAD }
    local list = assert(json.decode((select(2, ask("GET", "/v2.0/leads/" .. LEAD .. "/activities", { limit = "9" }))))).activities
    for _, item in ipairs(list) do is[item.channel:lower()] = tostring(item.id) end
    local path = "/v1.0/leads/" .. LEAD .. "/transactions"
    is.transaction = tostring(assert(json.decode((select(2, ask("GET", path)))))[1].transactionId)
    local ponds = assert(json.decode((select(2, ask("GET", "/v1.0/team-features/lead-ponds")))))
    is.pond = tostring(ponds[1].id)
    function is.new_task()
      return tostring(made("POST", "/v2.0/tasks", { leadId = lead_id, type = "Call", content = "call", assignedRole = "Agent",
                                                   endAt = WHEN }).taskId)
    end
    is.task = is.new_task()
    return is
  end

  local function arguments(name, is)
    local call = CALLS[name] or {}
    if type(call) == "function" then call = call(is) end
    local params = { leadId = LEAD, noteId = NOTE, taskId = is.task, transactionId = is.transaction, type = "1", id = is.pond,
                     calendarId = is.task .. "-task", userId = member }
    for param, value in pairs(call[1] or {}) do params[param] = value end
    local query = call.query or {}
    if contract.operations[name].query.leadId and contract.operations[name].query.leadId.required then query.leadId = LEAD end
    local body = call.body
    if contract.operations[name].body and not body then body = {} end
    return params, query, body
  end

  local function answer_schema(operation)
    local content = operation.responses["200"].content
    return content and content["application/json"] and content["application/json"].schema
  end

  it("are as in the document for each operation, except for the listed differences", function()
    local is, wrong, used = known(), {}, {}
    each_operation(function(name, operation)
      local params, query, body = arguments(name, is)
      local method, path = name:match("^(%u+) (.*)$")
      local status, text, headers = ask(method, (path:gsub("{(.-)}", params)), query, body)
      local function finding(where, how)
        local difference = explained(name, where)
        if difference then used[difference] = true else wrong[#wrong + 1] = name .. " " .. where .. " " .. how end
      end
      if status ~= 200 then return finding("", "answers " .. status .. " " .. text) end
      local schema = answer_schema(operation)
      if not schema then
        if text ~= "" and not (headers["content-type"] or ""):find("xml") then finding("", "has a body: " .. text) end
        return nil
      end
      local value = json.decode(text)
      if value == nil then return finding("", "is not JSON: " .. text) end
      for _, found in ipairs(json_schema.check(schema, value, document)) do finding(found[1], found[2]) end
      return nil
    end)
    table.sort(wrong)
    assert.equal("", table.concat(wrong, "\n"))

    -- And each listed difference is needed.
    local status, text = ask("GET", "/v2.0/communication/agent", { startTime = "1767610000000", endTime = "1767614400000" })
    assert.equal(200, status)
    if json.decode(text).nextCursor == json.null then used[explained("GET /v2.0/communication/agent", ".nextCursor")] = true end
    for _, difference in ipairs(DIFFERENCES) do
      assert.is_true(used[difference], difference[1] .. " " .. difference[2])
    end
  end)

  it("have a wrapped lead with the fields of the document's flat one", function()
    local _, text = ask("GET", "/v1.0/leads/" .. LEAD)
    local schema = document.components.schemas.LeadResponse
    assert.same({}, json_schema.check(schema, json.decode(text).lead, document))
  end)

  it("have _metadata with the fields of the document's get_metadata", function()
    for _, path in ipairs { "/v1.0/leads", "/v1.0/members", "/v1.0/calls?leadId=" .. LEAD, "/v1.0/teamFeatures/lead-pipelines" } do
      local _, text = ask("GET", path)
      assert.same({}, json_schema.check(document.components.schemas.MetaData, json.decode(text)._metadata, document))
    end
  end)
end)

describe("the small schema checker #sandbox", function()
  local function findings(schema, text)
    local out = {}
    for _, found in ipairs(json_schema.check(schema, json.decode(text), document)) do out[#out + 1] = table.concat(found, " ") end
    return table.concat(out, "; ")
  end

  for _, case in ipairs {
    { "another type", { type = "integer" }, '"1"', " is string, the document says integer" },
    { "a fraction for an integer", { type = "integer" }, "1.5", " is number, the document says integer" },
    { "a missing field", { type = "object", required = { "a" }, properties = {} }, "{}", ".a is missing" },
    { "an unknown field", { type = "object", properties = {} }, '{"a":1}', ".a is not in the document" },
    { "a wrong item", { type = "array", items = { type = "string" } }, '["a",2]', "[] is integer, the document says string" },
    { "null where none may be", { type = "string" }, "null", " is null, the document says string" },
    { "a word that is not in the enum", { type = "string", enum = { "a" } }, '"b"', " is not one of the enum" },
    { "an int32 that is too large", { type = "integer", format = "int32" }, "4294967296", " is not a valid int32" },
    { "a time without its date", { type = "string", format = "date-time" }, '"10:00"', " is not a valid date-time" },
  } do
    it("finds " .. case[1], function() assert.equal(case[4], findings(case[2], case[3])) end)
  end

  it("finds nothing where nothing is wrong", function()
    assert.equal("", findings({ ["$ref"] = "#/components/schemas/LeadIdResponse" }, '{"leadId":651095960136641}'))
    assert.equal("", findings({ type = "string", nullable = true }, "null"))
    assert.equal("", findings({ type = "array", items = { type = "string" } }, "[]"))
  end)
end)
