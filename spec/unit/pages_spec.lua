-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_client"

local null = core.null

local function number(value)
  return value ~= nil and tonumber(tostring(value)) or nil
end

-- The items from..to of a list of `total`, as `{ id = ... }`; ids of 16 digits, which Lua 5.1 reads as strings.
local function slice(from, count, total, name)
  local items = {}
  for i = from + 1, math.min(from + count, total) do
    items[#items + 1] = { [name or "id"] = ("6510959601%06d"):format(i) }
  end
  return items
end

local function place_of(id)
  return id and number(tostring(id):match("(%d%d%d%d%d%d)$")) or 0
end

-- One server for each style of paging: total -> answer(call). Each refuses parameters that its style does not have.
local servers = {}

function servers.scroll(total, opt)
  opt = opt or {}
  return function(call)
    local query = call.query or {}
    local size = math.min(number(query.limit) or 25, opt.cap or 100)
    local offset = number(query.offset) or 0
    if query.scrollId then
      assert(opt.sends_both or query.offset == nil, "a scrollId and an offset")
      offset = number(query.scrollId:match("(%d+)$"))
    end
    local items = slice(offset, size, total, "leadId")
    return {
      [opt.items or "leads"] = items,
      [opt.place or "_metadata"] = {
        total = not opt.silent and (opt.total or total) or nil, limit = size, offset = offset,
        scrollId = not opt.no_id and "scroll-" .. offset + #items or null,
      },
    }
  end
end

function servers.offset(total, opt)
  opt = opt or {}
  return function(call)
    local args = call.query or call.body
    local offset, size = number(args.offset) or 0, math.min(number(args.limit) or 10, opt.cap or 1000)
    local page = { [opt.items] = slice(offset, size, total) }
    if opt.more then page.hasMore = offset + size < total end
    if opt.total then page.get_metadata = { total = total, limit = size, offset = offset } end
    return page
  end
end

function servers.cursor(total)
  return function(call)
    local offset = number((call.query.cursor or "at 0"):match("%d+"))
    local size = number(call.query.limit) or 10
    -- The last page is empty: a full page cannot tell whether there is more.
    local items = slice(offset, size, total)
    return { data = items, nextCursor = #items > 0 and "at " .. offset + #items or null, totalCount = total }
  end
end

function servers.current(total, opt)
  opt = opt or {}
  return function(call)
    local query = call.query
    local before = place_of(query.currentId)
    if query.currentId and not opt.exclusive and before > 0 then before = before - 1 end
    if not query.currentId then before = number(query.offset) or 0 end
    return { [opt.items] = slice(before, number(query.limit) or 10, total) }
  end
end

function servers.page(total, opt)
  return function(call)
    local args = call.query or call.body or {}
    local size = math.min(number(args[opt.count or ""]) or opt.size, opt.cap or 1000)
    local page = (number(args[opt.number]) or opt.base) - opt.base
    local items = slice(page * size, size, total)
    if not opt.items then return items end
    local body = {}
    local place = body
    for name in opt.items:gmatch("([^.]+)%.") do
      place[name] = place[name] or {}
      place = place[name]
    end
    place[opt.items:match("[^.]+$")] = items
    if opt.total then place[opt.total] = total end
    if opt.more then place.hasMore = opt.more((page + 1) * size < total) end
    return body
  end
end

function servers.key(total)
  return function(call)
    local query = call.query
    assert(not (query.nextPageKey and query.soldNextPageKey), "both keys")
    local active, sold = number(query.nextPageKey) or 0, number(query.soldNextPageKey) or 0
    local size = number(query.limit)
    local function follow(at) return at + size < total and tostring(at + size) or null end
    return {
      listIng = slice(active, size, total, "listingId"), soldListing = slice(sold, size, total, "listingId"),
      _listingMetadata = { nextPageKey = follow(active), soldNextPageKey = follow(sold) },
    }
  end
end

-- Every paged operation, its arguments, and a server for it.
local window = { startTime = 1, endTime = 2 }
local lists = {
  { "leads.list", {}, servers.scroll },
  { "leads.activities", "5", {}, servers.current, { items = "activities" } },
  { "leads.site_activities", "5", {}, servers.page, { number = "curPage", base = 0, size = 100 } },
  { "members.list", {}, servers.offset, { items = "members", total = true } },
  { "members.list", {}, servers.scroll, { items = "members", sends_both = true, cap = 25 } },
  { "calls.list", { leadId = 1 }, servers.offset, { items = "calls", total = true } },
  { "calls.list", { leadId = 1 }, servers.scroll, { items = "calls", sends_both = true } },
  { "logs.list", { leadId = 1, logType = "logCall" }, servers.offset, { items = "logType" } },
  { "sales_agents.working_leads", {}, servers.offset, { items = "workingLeads", total = true } },
  { "v1.communication.by_agent", { type = "ALL", startTime = 1, endTime = 2 }, servers.offset,
    { items = "pageData", more = true } },
  { "communication.texts", { leadId = 1 }, servers.current, { items = "texts" } },
  { "communication.emails", { leadId = 1 }, servers.current, { items = "emails" } },
  { "communication.calls", { leadId = 1 }, servers.current, { items = "calls", exclusive = true } },
  { "communication.calls_v2", { leadId = 1 }, servers.current, { items = "calls" } },
  { "tasks.mine", {}, servers.current, { items = "tasks" } },
  { "communication.by_agent", window, servers.cursor },
  { "transactions.list", {}, servers.page,
    { number = "pageNum", count = "pageSize", base = 0, size = 20, items = "pageData", total = "totalCount" } },
  { "listings.search", {}, servers.page,
    { number = "pageNum", count = "pageSize", base = 1, size = 25, items = "listing",
      more = function(more) return more end } },
  { "calendar.list", { startTime = 1 }, servers.page,
    { number = "page", count = "pageSize", base = 0, size = 50, items = "data.items", total = "total" } },
  { "logs.system", { leadId = 1 }, servers.page,
    { number = "pageNumber", count = "pageSize", base = 0, size = 100, items = "timeLines",
      more = function(more) return more and 1 or 0 end } },
  { "team_features.pipelines", {}, servers.page,
    { number = "currPage", count = "pageSize", base = 0, size = 10, items = "pipelines" } },
  { "ai.lead_analyses", {}, servers.page,
    { number = "pageNum", count = "pageSize", base = 1, size = 10, items = "data.tasks" } },
  { "listings.list", { agentListings = true }, servers.key },
}

-- The list object of a name: crm.communication.texts
local function list_of(crm, name)
  local found = crm
  for part in name:gmatch("[^.]+") do found = found[part] end
  return found
end

-- The path value, if any, and the filter.
local function given(case)
  if type(case[2]) == "string" then return { case[2], case[3] }, case[4], case[5] end
  return { case[2] }, case[3], case[4]
end

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

-- Path value, filter and then more.
local function with(args, ...)
  local all = { unpack(args, 1, #args) }
  for i = 1, select("#", ...) do all[#args + i] = (select(i, ...)) end
  return unpack(all, 1, #args + select("#", ...))
end

local function places(items)
  local list = {}
  for i, item in ipairs(items) do list[i] = place_of(item.id or item.leadId or item.listingId) end
  return list
end

local function up_to(from, to)
  local list = {}
  for i = from, to do list[#list + 1] = i end
  return list
end

local function fault(kind)
  return errors.new { kind = kind or "network", message = "gone", sent = true }
end

for _, case in ipairs(lists) do
  local name = case[1]
  local args, server, opt = given(case)
  describe(name .. (opt and opt.sends_both and " by scrollId" or ""), function()
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
        assert.truthy(total == 0 and count == 0 or count > 0)
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

describe("a list without pages", function()
  local crm
  before_each(function()
    crm = fake.new(function(call)
      if call.operation == "notes.list" then return { notes = { { noteId = 1 }, { noteId = 2 } } } end
      return { { subscribeId = 1 }, { subscribeId = 2 }, { subscribeId = 3 } }
    end)
  end)

  it("has the same verbs, and one request", function()
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

describe("a list", function()
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

  it("starts where the filter says", function()
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

  it("walks the other list of a response by its name", function()
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

  it("takes a null or absent list for an empty one where no total is stated", function()
    for _, body in ipairs { { leads = null }, {} } do
      assert.equal(0, #assert(fake.new(function() return body end).leads:all()))
    end
  end)

  it("is an err where the response has no list", function()
    for _, body in ipairs { true, "gone", { leads = "none" } } do
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

describe("a server that repeats itself", function()
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

  it("does not get its repeated items passed on", function()
    local crm = fake.new(function() return { leads = slice(0, 100, 1000, "leadId"), _metadata = { scrollId = "x" } } end)
    local count = 0
    pcall(function()
      for _ in crm.leads:each() do count = count + 1 end
    end)
    assert.equal(100, count)
  end)
end)

describe("the end of a list", function()
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

  it("is not a total that is too low, while a cursor and new items come", function()
    for _, total in ipairs { 10, 100, 349 } do
      local crm = fake.new(servers.scroll(350, { total = total }))
      assert.same(up_to(1, 350), places(assert(crm.leads:all())))
    end
  end)

  it("is not a total that is capped at 10,000", function()
    local crm = fake.new(servers.scroll(12345, { total = 10000 }))
    assert.equal(12345, #assert(crm.leads:all()))
    crm = fake.new(function(call)
      local page = servers.cursor(12345)(call)
      page.totalCount = 10000
      return page
    end)
    assert.equal(12345, #assert(crm.communication.by_agent:all { startTime = 1, endTime = 2, limit = 1000 }))
  end)

  it("is not a total that is too low where the server says hasMore", function()
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

  it("is an err at an empty page beside a live cursor, before the total", function()
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

  it("leaves the items of the pages before in any err of all", function()
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

describe("a cursor of the server's", function()
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

  it("is refused from the caller when it is too long or out of range", function()
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

describe("a long list", function()
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

  it("may be left in the middle, and two may be walked at once", function()
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
