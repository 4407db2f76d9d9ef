-- SPDX-License-Identifier: MIT

-- Where a list ends: cycles of pages, and pages that end before the total.
local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"
local lists = require "spec.support.page_lists"

local null = core.null
local servers, slice, list_of, places, up_to, fault, number, window =
  lists.servers, lists.slice, lists.list_of, lists.places, lists.up_to, lists.fault, lists.number, lists.window

describe("a server that repeats itself #lua", function()
  local function notices(crm, list, filter, at_most)
    local all, err = list:all(filter)
    assert.is_nil(all)
    assert.equal("server", err.kind)
    assert.truthy(err.message:find("repeats itself", 1, true))
    assert.truthy(err.cursor)
    assert.equal("table", type(err.items))
    assert.is_true(#crm.sent <= at_most, #crm.sent .. " requests")
  end

  it("is detected when it gives the same page forever", function()
    local crm = fake.new(function() return { leads = slice(0, 100, 1000, "leadId"), _metadata = { scrollId = "x" } } end)
    notices(crm, crm.leads, {}, 2)
    crm = fake.new(function() return { members = slice(0, 10, 10) } end)
    notices(crm, crm.members, {}, 2)
    crm = fake.new(function() return { texts = slice(0, 10, 10) } end)
    notices(crm, crm.communication.texts, { leadId = 1 }, 2)
    crm = fake.new(function() return { pageData = slice(0, 10, 10) } end)
    notices(crm, crm.transactions, {}, 2)
  end)

  it("is detected when it starts over from the first page", function()
    local crm = fake.new(function(_, count)
      return { members = slice((count - 1) % 5 * 25, 25, 1000), _metadata = { total = 1000, scrollId = "x" } }
    end)
    notices(crm, crm.members, {}, 6)
  end)

  it("is detected when the cycle is long", function()
    local crm = fake.new(function(_, count)
      local offset = count <= 20 and count * 10 or 200 + (count - 20) % 7 * 10
      return { data = slice(offset, 10, 10000), nextCursor = "at " .. offset }
    end)
    notices(crm, crm.communication.by_agent, window, 64)
  end)

  it("is detected among items without ids", function()
    local crm = fake.new(function() return { { type = "Browse", created = 1 }, { type = "Search", created = 2 } } end)
    notices(crm, crm.leads.site_activities, "5", 2)
  end)

  it("is not suspected when a scroll keeps its id", function()
    local offset = 0
    local crm = fake.new(function()
      offset = offset + 100
      return { leads = slice(offset - 100, 100, 1000, "leadId"), _metadata = { scrollId = "the one" } }
    end)
    assert.equal(1000, #assert(crm.leads:all()))
  end)

  it("is not suspected when ids that are floats differ in the last of 15 digits", function()
    local crm = fake.new(function(_, count)
      local id = core.json_decode(("65109596013664%d.0"):format(count))
      return { leads = { { leadId = id } }, _metadata = { total = 5, scrollId = count < 5 and "x" .. count or null } }
    end)
    assert.equal(5, #assert(crm.leads:all()))
  end)

  it("is not suspected when pages look the same because few fields were asked for", function()
    local crm = fake.new(function(_, count)
      return { leads = { { stage = "New Lead" }, { stage = "New Lead" } }, _metadata = { total = 10, scrollId = "x" .. count } }
    end)
    assert.equal(10, #assert(crm.leads:all { returnFields = "stage" }))
  end)

  it("is detected at the first repeated page in the middle of a list", function()
    local crm = fake.new(function(_, count)
      return { data = slice(math.min(count, 6) * 10, 10, 10000), nextCursor = "at " .. math.min(count, 6) }
    end)
    notices(crm, crm.communication.by_agent, window, 7)
  end)

  it("ends the walk normally once the total is reached", function()
    for _, first in ipairs { 0, 100 } do
      local crm = fake.new(function(_, count)
        local offset = count <= 2 and (count - 1) * 100 or first
        return { leads = slice(offset, 100, 200, "leadId"), _metadata = { total = 200, scrollId = "x" .. count } }
      end)
      assert.same(up_to(1, 200), places(assert(crm.leads:all())))
      assert.equal(3, #crm.sent)
    end
  end)

  it("has its repeated items dropped", function()
    local crm = fake.new(function() return { leads = slice(0, 100, 1000, "leadId"), _metadata = { scrollId = "x" } } end)
    local count = 0
    pcall(function()
      for _ in crm.leads:each() do count = count + 1 end
    end)
    assert.equal(100, count)
  end)
end)

describe("the end of a list #lua", function()
  -- Walks with `all` and `each`: both give what came, then the same err.
  local function incomplete(answer, list, filter, came, cursor)
    local crm = fake.new(answer)
    local all, err = list_of(crm, list):all(filter)
    assert.is_nil(all)
    assert.is_true(errors.is(err))
    assert.equal("server", err.kind)
    assert.equal(cursor, err.cursor)
    assert.same(up_to(1, came), places(err.items))
    assert.equal(came == 0 and "[]" or "[", core.json_encode(err.items):sub(1, came == 0 and 2 or 1))
    local seen = {}
    crm = fake.new(answer)
    local walk = list_of(crm, list):each(filter)
    local ok, raised = pcall(function()
      for item in walk do seen[#seen + 1] = item end
    end)
    assert.is_false(ok)
    assert.is_nil(walk(), "a walk that has ended stays ended")
    assert.same(up_to(1, came), places(seen))
    assert.equal(err.message, raised.message)
    crm = fake.new(answer)
    assert.same(up_to(1, came), places(assert(list_of(crm, list):all(filter, { strict = false }))))
    return err
  end

  -- A scroll of 250 leads whose third page is changed by `change(body)`.
  local function spoilt(change)
    local answer = servers.scroll(250)
    return function(call, number_of_call)
      local body = answer(call)
      if number_of_call >= 3 then change(body) end
      return body
    end
  end

  it("is not reached at a total that is too low, while a cursor and new items come", function()
    for _, total in ipairs { 10, 100, 349 } do
      local crm = fake.new(servers.scroll(350, { total = total }))
      assert.same(up_to(1, 350), places(assert(crm.leads:all())))
    end
  end)

  it("is not reached at a total that is capped at 10,000", function()
    local crm = fake.new(servers.scroll(12345, { total = 10000 }))
    assert.equal(12345, #assert(crm.leads:all()))
    crm = fake.new(function(call)
      local page = servers.cursor(12345)(call)
      page.totalCount = 10000
      return page
    end)
    assert.equal(12345, #assert(crm.communication.by_agent:all { startTime = 1, endTime = 2, limit = 1000 }))
  end)

  it("is not reached at a total that is too low while hasMore is true", function()
    local answer = servers.page(250, {
      number = "pageNum", count = "pageSize", base = 1, size = 25, items = "listing", total = "totalCount",
      more = function(more) return more end,
    })
    local crm = fake.new(function(call)
      local body = answer(call)
      body.totalCount = 10
      return body
    end)
    assert.same(up_to(1, 250), places(assert(crm.listings.search:all())))
  end)

  it("is an err when a page is empty before the total, though it has a cursor", function()
    local err = incomplete(spoilt(function(body) body.leads = {} end), "leads", {}, 200, "s:200:scroll-250")
    assert.truthy(err.message:find("200 of 250 items", 1, true))
    assert.truthy(err.message:find("strict = false", 1, true))
    assert.is_true(err.sent)
  end)

  for what, value in pairs { ["null"] = null, ["missing"] = false } do
    it("is an err where the list is " .. what .. " beside a total", function()
      local function change(body) body.leads = value or nil end
      incomplete(spoilt(change), "leads", {}, 200, "s:200:scroll-250")
      incomplete(function()
        return { leads = value or nil, _metadata = { total = 250 } }
      end, "leads", {}, 0, "s:0:")
    end)
  end

  it("is an err where a page of a counted list is empty before the total", function()
    incomplete(function(call)
      local body = servers.offset(250, { items = "workingLeads", total = true })(call)
      if call.query.offset then body.workingLeads = {} end
      return body
    end, "sales_agents.working_leads", {}, 100, "o:100")
    incomplete(function(call)
      local body = servers.page(250, {
        number = "pageNum", count = "pageSize", base = 0, size = 20, items = "pageData", total = "totalCount",
      })(call)
      if number(call.query.pageNum) == 1 then body.pageData = {} end
      return body
    end, "transactions", {}, 100, "p:2:100")
  end)

  it("is an err where a page key is missing before the total of its list", function()
    incomplete(function(call)
      local body = servers.key(250)(call)
      body._listingMetadata.activeTotal = 250
      if call.query.nextPageKey then body._listingMetadata.nextPageKey = nil end
      return body
    end, "listings", { agentListings = true, limit = 100 }, 200, "k:listIng:")
  end)

  it("is an err where the server says that there is more and gives no items", function()
    incomplete(function(call)
      local body = servers.offset(250, { items = "pageData", more = true })(call)
      if call.body.offset then body.pageData, body.hasMore = {}, true end
      return body
    end, "v1.communication.by_agent", { type = "ALL", startTime = 1, endTime = 2 }, 100, "o:100")
    incomplete(function(call)
      local body = servers.cursor(250)(call)
      body.totalCount = nil
      if call.query.cursor then body.data, body.nextCursor = {}, "at 100" end
      return body
    end, "communication.by_agent", { startTime = 1, endTime = 2, limit = 100 }, 100, "c:at 100")
  end)

  it("is an err where a cursor is missing before the total, but not where it is null", function()
    local function answer(value)
      return function(call)
        local body = servers.cursor(250)(call)
        if call.query.cursor then body.nextCursor = value end
        return body
      end
    end
    local filter = { startTime = 1, endTime = 2, limit = 100 }
    incomplete(answer(nil), "communication.by_agent", filter, 200, "c:")
    assert.equal(200, #assert(fake.new(answer(null)).communication.by_agent:all(filter)))
  end)

  it("is accepted where the server says that there is no more", function()
    for _, more in ipairs { false, 0 } do
      local crm = fake.new(function(_, count)
        return { timeLines = slice(count * 100 - 100, 100, 1000), hasMore = count == 1 and 1 or more, total = 1000 }
      end)
      assert.equal(200, #assert(crm.logs.system:all { leadId = 1 }))
    end
  end)

  it("is compared with the last total, because records may be deleted meanwhile", function()
    local crm = fake.new(spoilt(function(body)
      body.leads, body._metadata.total = {}, 200
    end))
    assert.equal(200, #assert(crm.leads:all()))
  end)

  it("ignores a total of 0 beside items and -1, and reads a total in quotes", function()
    for _, total in ipairs { 0, -1, "60" } do
      local crm = fake.new(servers.scroll(60, { total = total }))
      assert.equal(60, #assert(crm.leads:all { limit = 25 }))
    end
    incomplete(spoilt(function(body)
      body.leads, body._metadata.total = {}, 0
    end), "leads", {}, 200, "s:200:scroll-250")
  end)

  it("is followed by the rest when the walk resumes from the cursor of the err", function()
    local answer, broken = servers.scroll(250), true
    local crm = fake.new(function(call, count)
      local body = answer(call)
      if broken and count == 3 then body.leads = {} end
      return body
    end)
    local _, err = crm.leads:all()
    broken = false
    assert.same(up_to(201, 250), places(assert(crm.leads:all({}, { resume = err.cursor }))))
  end)

  it("is not compared with the total when the walk starts at an unknown place", function()
    local crm = fake.new(servers.scroll(250))
    assert.same(up_to(101, 250), places(assert(crm.leads:all { scrollId = "scroll-100" })))
    crm = fake.new(servers.page(90, {
      number = "pageNum", count = "pageSize", base = 0, size = 20, cap = 20, items = "pageData", total = "totalCount",
    }))
    assert.same(up_to(41, 90), places(assert(crm.transactions:all({}, { resume = "p:2:100" }))))
    assert.same(up_to(81, 90), places(assert(crm.transactions:all({}, { resume = "p:4:20" }))))
  end)

  it("is compared in a list without pages too, unless the caller sets a limit", function()
    local function answer() return { data = { total = 30, slots = slice(0, 10, 10) } } end
    incomplete(answer, "calendar.available_meetings", { startTimeMs = 1, endTimeMs = 2 }, 10, "a:")
    local crm = fake.new(answer)
    assert.equal(10, #assert(crm.calendar.available_meetings:all { startTimeMs = 1, endTimeMs = 2, limit = 10 }))
    local _, err = crm.calendar.available_meetings:all { startTimeMs = 1, endTimeMs = 2 }
    assert.equal(100, crm.sent[2].query.limit)
    assert.truthy(err.message:find("larger limit", 1, true))
  end)

  it("puts the items of the earlier pages into any err of all", function()
    local answer = servers.scroll(250)
    local crm = fake.new(function(call, count)
      if count == 3 then return nil, fault() end
      return answer(call)
    end)
    local _, err = crm.leads:all()
    assert.equal("network", err.kind)
    assert.same(up_to(1, 200), places(err.items))
    assert.equal("s:200:scroll-200", err.cursor)
  end)

  it("raises for a `strict` that is not a boolean", function()
    local ok, raised = pcall(function() return fake.new().leads:all({}, { strict = "no" }) end)
    assert.is_false(ok)
    assert.truthy(raised:find("strict must be a boolean", 1, true))
  end)
end)
