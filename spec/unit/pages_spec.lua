-- SPDX-License-Identifier: MIT

-- Walking lists page by page: every paged operation, and what all lists have in common.
local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"
local lists = require "spec.support.page_lists"

local null = core.null
local servers, slice, list_of, places, up_to, fault, window, given, with =
  lists.servers, lists.slice, lists.list_of, lists.places, lists.up_to, lists.fault, lists.window, lists.given, lists.with

for _, case in ipairs(lists.operations) do
  local name = case[1]
  local args, server, opt = given(case)
  describe(name .. (opt and opt.sends_both and " by scrollId" or "") .. " #lua", function()
    for _, total in ipairs { 0, 1, 99, 100, 101, 350 } do
      it("gives each of " .. total .. " items once, in order", function()
        local crm = fake.new(server(total, opt))
        local items = assert(list_of(crm, name):all(with(args)))
        assert.same(up_to(1, total), places(items))
        assert.equal(total == 0 and "[]" or "[", core.json_encode(items):sub(1, total == 0 and 2 or 1))
        local seen = {}
        for item in list_of(crm, name):each(with(args)) do seen[#seen + 1] = item end
        assert.same(up_to(1, total), places(seen))
        local count = 0
        for page, at in list_of(crm, name):pages(with(args)) do
          assert.equal("table", type(page))
          assert.equal("string", type(at))
          count = count + 1
        end
        assert.equal(total > 0, count > 0)
      end)
    end

    it("goes on from the cursor of any item, and repeats no more than that item's page", function()
      local crm = fake.new(server(250, opt))
      local list = list_of(crm, name)
      local at_of, first_of = {}, {}
      for item, at in list:each(with(args)) do
        local place = places({ item })[1]
        at_of[place] = at
        first_of[at] = first_of[at] or place
      end
      for _, place in ipairs { 1, 37, 100, 101, 249, 250 } do
        local at = at_of[place]
        local rest = assert(list:all(with(args, { resume = at })))
        assert.same(up_to(first_of[at], 250), places(rest), "resumed at " .. at)
      end
    end)

    it("raises the err of a page that fails, with the cursor to go on from", function()
      local answer, broken = server(250, opt), 2
      local crm = fake.new(function(call, count)
        if count == broken then return nil, fault() end
        return answer(call)
      end)
      local list = list_of(crm, name)
      local seen = {}
      local ok, err = pcall(function()
        for item in list:each(with(args)) do seen[#seen + 1] = item end
      end)
      assert.is_false(ok)
      assert.is_true(errors.is(err))
      assert.equal("network", err.kind)
      for item in list:each(with(args, { resume = err.cursor })) do seen[#seen + 1] = item end
      assert.same(up_to(1, 250), places(seen))
    end)
  end)
end

describe("a list without pages #lua", function()
  local crm
  before_each(function()
    crm = fake.new(function(call)
      if call.operation == "notes.list" then return { notes = { { noteId = 1 }, { noteId = 2 } } } end
      return { { subscribeId = 1 }, { subscribeId = 2 }, { subscribeId = 3 } }
    end)
  end)

  it("has the same methods, and makes one request", function()
    assert.equal(2, #assert(crm.notes:all { leadId = 1 }))
    assert.equal(3, #assert(crm.webhooks:all()))
    assert.equal(2, #crm.sent)
    local count = 0
    for _, at in crm.webhooks:each() do
      count = count + 1
      assert.equal("a:", at)
    end
    assert.equal(3, count)
  end)
end)

describe("a list #lua", function()
  it("asks for large pages by default", function()
    local crm = fake.new(servers.scroll(10, { no_id = true }))
    assert(crm.leads:all { stage = "New Lead" })
    assert.equal(100, crm.sent[1].query.limit)
    assert.equal("New Lead", crm.sent[1].query.stage)
    assert(crm.leads:all { limit = 5 })
    assert.equal("5", tostring(crm.sent[2].query.limit))
    assert(crm.leads:list { stage = "New Lead" })
    assert.is_nil(crm.sent[#crm.sent].query.limit)
  end)

  for _, place in ipairs { "_metadata", "get_metadata", "metadata" } do
    it("reads the paging fields in " .. place, function()
      local crm = fake.new(servers.scroll(200, { place = place, no_id = true }))
      assert.equal(200, #assert(crm.leads:all()))
      assert.equal(2, #crm.sent)
    end)
  end

  it("counts the items received, not the page size asked for", function()
    local crm = fake.new(servers.scroll(90, { cap = 25 }))
    assert.same(up_to(1, 90), places(assert(crm.leads:all { limit = 100 })))
    crm = fake.new(servers.scroll(90, { cap = 25, no_id = true }))
    assert.same(up_to(1, 90), places(assert(crm.leads:all { limit = 100 })))
    crm = fake.new(servers.offset(90, { items = "members", cap = 25, total = true }))
    assert.same(up_to(1, 90), places(assert(crm.members:all { limit = 60 })))
    crm = fake.new(servers.page(90, {
      number = "pageNum", count = "pageSize", base = 0, size = 20, cap = 20, items = "pageData", total = "totalCount",
    }))
    assert.same(up_to(1, 90), places(assert(crm.transactions:all { pageSize = 100 })))
  end)

  it("ends at an empty page where no total is stated", function()
    local crm = fake.new(servers.scroll(200, { silent = true }))
    assert.same(up_to(1, 200), places(assert(crm.leads:all())))
    assert.equal(3, #crm.sent)
  end)

  it("goes on by the offset where a scroll gives no id", function()
    local crm = fake.new(servers.scroll(250, { no_id = true }))
    assert.same(up_to(1, 250), places(assert(crm.leads:all())))
    assert.equal(200, crm.sent[3].query.offset)
  end)

  it("resumes a scroll by its offset, because a scrollId expires", function()
    local crm = fake.new(servers.scroll(500))
    local cursors = {}
    for _, at in crm.leads:each() do cursors[#cursors + 1] = at end
    assert.equal("s:400:scroll-400", cursors[401])
    assert(crm.leads:all({}, { resume = cursors[401] }))
    local query = crm.sent[7].query
    assert.equal(400, query.offset)
    assert.is_nil(query.scrollId)
  end)

  it("drops the first item of a page only when it is the one that currentId named", function()
    for _, exclusive in ipairs { true, false } do
      local crm = fake.new(servers.current(30, { items = "texts", exclusive = exclusive }))
      assert.same(up_to(1, 30), places(assert(crm.communication.texts:all { leadId = 1, limit = 10 })))
    end
  end)

  it("sends all digits of an id as currentId", function()
    local id = "9007199254740993"
    local crm = fake.new(function(_, count) return { tasks = count == 1 and { { id = id } } or {} } end)
    assert(crm.tasks.mine:all())
    assert.equal("currentId=" .. id .. "&limit=100", core.query_encode(crm.sent[2].query))
  end)

  it("starts at the offset, scrollId or page of its filter", function()
    local crm = fake.new(servers.scroll(50))
    assert.same(up_to(31, 50), places(assert(crm.leads:all { offset = 30 })))
    crm = fake.new(servers.scroll(50))
    assert.same(up_to(31, 50), places(assert(crm.leads:all { scrollId = "scroll-30" })))
    crm = fake.new(servers.current(50, { items = "texts" }))
    assert.same(up_to(31, 50), places(assert(crm.communication.texts:all { leadId = 1, offset = 30, limit = 10 })))
    assert.equal("30", tostring(crm.sent[1].query.offset))
    assert.is_nil(crm.sent[2].query.offset)
    crm = fake.new(servers.page(50, {
      number = "pageNum", count = "pageSize", base = 1, size = 25, items = "listing",
    }))
    assert.same(up_to(11, 50), places(assert(crm.listings.search:all { pageNum = 2, pageSize = 10 })))
  end)

  it("walks the second list of a response with the option list", function()
    local crm = fake.new(servers.key(250))
    local filter = { agentListings = true, limit = 100 }
    assert.equal(250, #assert(crm.listings:all(filter, { list = "soldListing" })))
    assert.is_nil(crm.sent[2].query.nextPageKey)
    assert.equal("100", crm.sent[2].query.soldNextPageKey)
    local cursors = {}
    for _, at in crm.listings:each(filter, { list = "soldListing" }) do cursors[#cursors + 1] = at end
    assert.equal("k:soldListing:200", cursors[250])
    assert.same(up_to(201, 250), places(assert(crm.listings:all(filter, { resume = cursors[250] }))))
    local all, err = crm.listings:all(filter, { resume = cursors[250], list = "listIng" })
    assert.is_nil(all)
    assert.equal("invalid", err.kind)
  end)

  it("accepts one object in place of an array", function()
    local crm = fake.new(function() return { listIng = { listingId = "1" }, soldListing = {} } end)
    assert.equal(1, #assert(crm.listings:all { listingId = "1" }))
  end)

  it("reads a null list as an empty one, and an absent one in a response with paging fields or with nothing", function()
    for _, body in ipairs { { leads = null }, {}, { _metadata = { limit = 100 } }, { hasMore = false } } do
      assert.equal(0, #assert(fake.new(function() return body end).leads:all()))
    end
    local crm = fake.new(function() return { soldListing = {} } end)
    assert.equal(0, #assert(crm.listings:all { listingId = "1" }))
  end)

  it("is an err where an item is not an object; an unusual total is not an err", function()
    for text, part in pairs {
      ['{"leads":[{"leadId":1},null]}'] = "item 2 of the list is null, an object expected",
      ['{"leads":["Ann"]}'] = "item 1 of the list is a string", ['[7]'] = "item 1 of the list is a number",
    } do
      local all, err = fake.new(function() return core.json_decode(text) end).leads:all()
      assert.is_nil(all)
      assert.equal("server", err.kind)
      assert.truthy(err.message:find(part, 1, true), err.message)
    end
    for _, total in ipairs { "nan", "inf", "0x10", "many", true } do
      local crm = fake.new(function(_, number)
        return { leads = number == 1 and { { leadId = 1 } } or {}, _metadata = { total = total } }
      end)
      assert.equal(1, #assert(crm.leads:all()))
    end
  end)

  it("is an err where the response has no list", function()
    for _, body in ipairs { true, "gone", { leads = "none" }, { message = "maintenance" } } do
      local all, err = fake.new(function() return body end).leads:all()
      assert.is_nil(all)
      assert.equal("server", err.kind)
      assert.equal("s:0:", err.cursor)
    end
  end)

  it("returns the err from all, and raises it from each and pages", function()
    local crm = fake.new(function() return nil, fault() end)
    local all, err = crm.leads:all()
    assert.is_nil(all)
    assert.equal("s:0:", err.cursor)
    for _, how in ipairs { "each", "pages" } do
      local ok, raised = pcall(function()
        for _ in crm.leads[how](crm.leads) do error("an item?") end
      end)
      assert.is_false(ok)
      assert.equal("network", raised.kind)
    end
  end)

  it("refuses a filter before anything is sent", function()
    local crm = fake.new()
    local all, err = crm.leads:all { limt = 5 }
    assert.is_nil(all)
    assert.equal('leads.list: unknown parameter "limt", did you mean "limit"?', err.operation .. ": " .. err.message)
    local ok, raised = pcall(function() return crm.leads:each { limt = 5 } end)
    assert.is_false(ok)
    assert.equal("invalid", raised.kind)
    assert.equal(0, #crm.sent)
  end)

  for _, cursor in ipairs { "", "o:400", "s:", "s:x:y", "400", "s", "p:1:100", "\0" } do
    it(("refuses the cursor %q"):format(cursor), function()
      local crm = fake.new()
      local all, err = crm.leads:all({}, { resume = cursor })
      assert.is_nil(all)
      assert.equal("invalid", err.kind)
      assert.is_false(err.sent)
      assert.equal(0, #crm.sent)
    end)
  end

  it("refuses the cursor of pages of another size", function()
    local crm = fake.new(servers.page(90, {
      number = "pageNum", count = "pageSize", base = 0, size = 20, items = "pageData",
    }))
    assert.is_nil((crm.transactions:all({ pageSize = 20 }, { resume = "p:2:50" })))
    assert.same(up_to(41, 90), places(assert(crm.transactions:all({}, { resume = "p:2:20" }))))
  end)

  it("ends at the total after a resume too", function()
    local crm = fake.new(servers.page(90, {
      number = "pageNum", count = "pageSize", base = 0, size = 20, items = "pageData", total = "totalCount",
    }))
    assert.same(up_to(61, 90), places(assert(crm.transactions:all({}, { resume = "p:2:30" }))))
    assert.equal(1, #crm.sent)
  end)
end)

describe("a cursor of the server's #lua", function()
  local function refuses(list, filter, body, pattern)
    local crm = fake.new(function() return body end)
    local all, err = list_of(crm, list):all(filter)
    assert.is_nil(all)
    assert.equal("server", err.kind)
    assert.truthy(err.message:find(pattern, 1, true), err.message)
    assert.equal(1, #crm.sent)
  end

  for _, cursor in ipairs { {}, { a = 1 }, true, ("x"):rep(core.limits.cursor + 1) } do
    local pattern = type(cursor) == "string" and "the limit is" or "a string expected"
    it("is refused when it is " .. (type(cursor) == "string" and "too long" or "a " .. type(cursor)), function()
      refuses("leads", {}, { leads = slice(0, 5, 5, "leadId"), _metadata = { scrollId = cursor } }, pattern)
      refuses("members", {}, { members = slice(0, 5, 5), _metadata = { scrollId = cursor } }, pattern)
      refuses("communication.by_agent", window, { data = slice(0, 5, 5), nextCursor = cursor }, pattern)
      refuses("listings", { agentListings = true },
        { listIng = slice(0, 5, 5, "listingId"), _listingMetadata = { nextPageKey = cursor } }, pattern)
    end)
  end

  it("may be a number", function()
    local crm = fake.new(function(_, count)
      return { data = slice(count * 5 - 5, 5, 10), nextCursor = count == 1 and 12345 or null }
    end)
    assert.equal(10, #assert(crm.communication.by_agent:all(window)))
    assert.equal("12345", crm.sent[2].query.cursor)
  end)

  it("is refused as the caller's resume when it is too long or out of range", function()
    for _, cursor in ipairs {
      "s::" .. ("x"):rep(100000), "s:" .. ("1"):rep(400) .. ":", "s:1e5:", "i:" .. ("9"):rep(30),
    } do
      local crm = fake.new()
      local list = cursor:sub(1, 1) == "s" and crm.leads or crm.communication.texts
      local all, err = list:all({ leadId = cursor:sub(1, 1) == "i" and 1 or nil }, { resume = cursor })
      assert.is_nil(all)
      assert.equal("invalid", err.kind)
      assert.equal(0, #crm.sent)
    end
  end)
end)

describe("a long list #lua", function()
  it("needs no more memory after 1,000 pages than after 100", function()
    local crm = fake.new(servers.scroll(100000))
    local send = crm.send
    function crm:send(call)
      self.sent = {}
      local value, response = send(self, call)
      return value, response
    end
    local count, early = 0, nil
    for _ in crm.leads:each() do
      count = count + 1
      if count == 10000 then
        collectgarbage()
        collectgarbage()
        early = collectgarbage("count")
      end
    end
    collectgarbage()
    collectgarbage()
    assert.equal(100000, count)
    assert.is_true(collectgarbage("count") < early + 512, ("%.0f KB, then %.0f KB"):format(early, collectgarbage("count")))
  end)

  it("may be left in the middle, and two walks may run at once", function()
    local crm = fake.new(servers.scroll(300))
    local seen = 0
    for _ in crm.leads:each() do
      seen = seen + 1
      if seen == 150 then break end
    end
    assert.equal(2, #crm.sent)
    local one, two = crm.leads:each(), crm.leads:each { stage = "New Lead" }
    local pairs_of = 0
    while true do
      local a, b = one(), two()
      if not a then
        assert.is_nil(b)
        break
      end
      assert.equal(a.leadId, b.leadId)
      pairs_of = pairs_of + 1
    end
    assert.equal(300, pairs_of)
    assert.is_nil((one()))
  end)
end)
