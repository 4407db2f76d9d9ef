-- SPDX-License-Identifier: MIT

-- Every operation, through the library, against a mock that refuses what the vendor's document does not allow.
local fake = require "spec.support.fake_client"
local lofty = require "lofty"
local prism = require "spec.support.prism"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local DOCUMENT = "../shared/lofty-openapi.json"

-- Mistakes of the document, corrected before the mock reads it: a pattern, its replacement, and how often it must occur.
local DEFECTS = {
  {
    reason = "the type in the five paths of /v1.0/routing is an int32 whose allowed values are the strings"
      .. ' "1", "2" and "4": no request can satisfy both',
    pattern = '("format": "int32",%s*"enum": %[%s*)"1",(%s*)"2",(%s*)"4"', mend = "%11,%22,%34", times = 5,
  },
  {
    reason = "filterConditions of POST /v2.0/listings/search allows objects as values only, while its own"
      .. ' description and example give texts such as "price": "100000,500000"',
    pattern = '("additionalProperties": {%s*"type": )"object"', mend = '%1"string"', times = 1,
  },
}
-- Fields that the document's schemas require although its prose, and Lofty, do without them. The library does not ask
-- for them, so the mock refuses such a call, and for nothing else.
local REQUIRED_BY_SCHEMA_ALONE = {
  ["calendar.create"] = { "timeZoneCode" },
  ["notes.create"] = { "isPin" },
  ["notes.update"] = { "isPin", "leadId" },
  ["team_features.create_custom_field"] = { "value" },
  ["transactions.update"] = { "transactionName" },
  ["v1.communication.by_agent"] = { "endTime", "startTime" },
  ["v1.tasks.update"] = { "assignedRole", "deadline", "leadId", "type" },
}
-- Beyond the document: the mock holds int64 to what a JavaScript number can, so ids stay below 2^53 here.

local function mended()
  local file = io.open(DOCUMENT, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  local counts = {}
  for i, defect in ipairs(DEFECTS) do text, counts[i] = text:gsub(defect.pattern, defect.mend) end
  local path = os.tmpname()
  file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path, counts
end

describe("every operation against the vendor's document", function()
  local probe = io.open(DOCUMENT)
  if not probe then
    pending("../shared/lofty-openapi.json is not on this machine")
    return
  end
  probe:close()
  local program, why = prism.find(".")
  if not program then
    pending(why)
    return
  end

  local server, crm, document, counts
  setup(function()
    document, counts = mended()
    server = prism.start(program, document)
    crm = lofty.client { access_token = "conformance-token", base_url = server.url, retry = false, limit = 1000000 }
  end)
  teardown(function()
    if server then server.stop() end
    if document then os.remove(document) end
  end)

  -- The mock says in a header why it refuses a request: a JSON array with one object for each reason.
  local function violations(err)
    local headers = err.response and err.response.headers or {}
    return headers["sl-violations"] or ""
  end
  local function tell(err) return tostring(err) .. " " .. violations(err) end

  -- The names of the fields that are missing, in order, when that is all that is wrong.
  local function missing_fields(err)
    local names, reasons = {}, 0
    for _ in violations(err):gmatch('"severity":"Error"') do reasons = reasons + 1 end
    for name in violations(err):gmatch("must have required property '([%w_]+)'") do names[#names + 1] = name end
    table.sort(names)
    return #names == reasons and names or tell(err)
  end

  for i, defect in ipairs(DEFECTS) do
    it("the document still has the mistake: " .. defect.reason, function() assert.equal(defect.times, counts[i]) end)
  end

  -- The mock compiles each schema at its first use, which takes its time; on the other Luas one way will do.
  for _, one in ipairs(fake.operations()) do
    for _, extent in ipairs { "what it needs #once", "all it takes" } do
      it(one.name .. " is accepted with " .. extent, function()
        local resource = one.resource(crm)
        local given = fake.arguments(one.op, extent == "all it takes")
        if one.name == "listings.search" and extent == "all it takes" then
          given[1].filterConditions = { price = "100000,500000" }
        end
        local value, response = resource[one.verb](resource, unpack(given))
        local more = extent ~= "all it takes" and REQUIRED_BY_SCHEMA_ALONE[one.name]
        if more then
          assert.is_nil(value)
          assert.same(more, missing_fields(response))
          return
        end
        assert.truthy(value, value == nil and tell(response))
        assert.equal(200, response.status)
      end)
    end
    if one.op.page then
      it(one.name .. " gives pages #once", function()
        local resource = one.resource(crm)
        local arguments = fake.arguments(one.op, REQUIRED_BY_SCHEMA_ALONE[one.name] ~= nil)
        if not (one.op.body or one.op.query) then arguments[#arguments + 1] = {} end
        -- The totals in the document's examples are not those of its lists.
        arguments[#arguments + 1] = { strict = false }
        local page, at = resource[one.verb]:pages(unpack(arguments))()
        -- Where the document shows no items there is nothing to give.
        if page or one.name ~= "listings.list" and one.name ~= "ai.lead_analyses" then
          assert.equal("table", type(page))
          assert.truthy(at:find("^%a:"))
        end
      end)
    end
  end

  it("unwraps a record", function()
    for _, case in ipairs {
      { "notes", "get", "noteId" }, { "tasks", "get", "id" }, { "calls", "get_recording", "url" },
      { "logs", "get", "id" },
    } do
      local value = lofty.assert(crm[case[1]][case[2]](crm[case[1]], 1))
      assert.truthy(value[case[3]], table.concat(case, "."))
    end
  end)

  it("comes as text where it is XML", function()
    local text, response = lofty.assert(crm.listings:get_published { type = "LuxVT" })
    assert.equal("string", type(text))
    assert.truthy(response.headers["content-type"]:find("xml", 1, true))
  end)

  it("is checked by the mock: a wrong request is refused", function()
    local lax = lofty.client {
      access_token = "conformance-token", base_url = server.url, retry = false, validate = false, limit = 1000000,
    }
    local value, err = lax.notes:create { content = "x", isPin = "yes", leadId = 1 }
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.truthy(tell(err):find("isPin", 1, true))
  end)
end)
