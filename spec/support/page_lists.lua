-- SPDX-License-Identifier: MIT

--- Servers for each style of paging, and every paged operation with one.
-- @module spec.support.page_lists

local core = require "lofty.core"
local errors = require "lofty.errors"

local null = core.null

local page_lists = {}

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
page_lists.servers = servers

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
page_lists.window = { startTime = 1, endTime = 2 }
page_lists.operations = {
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
  { "communication.by_agent", page_lists.window, servers.cursor },
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
function page_lists.list_of(crm, name)
  local found = crm
  for part in name:gmatch("[^.]+") do found = found[part] end
  return found
end

-- The path value, if any, and the filter.
function page_lists.given(case)
  if type(case[2]) == "string" then return { case[2], case[3] }, case[4], case[5] end
  return { case[2] }, case[3], case[4]
end

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

-- Path value, filter and then more.
function page_lists.with(args, ...)
  local all = { unpack(args, 1, #args) }
  for i = 1, select("#", ...) do all[#args + i] = (select(i, ...)) end
  return unpack(all, 1, #args + select("#", ...))
end

function page_lists.places(items)
  local list = {}
  for i, item in ipairs(items) do list[i] = place_of(item.id or item.leadId or item.listingId) end
  return list
end

function page_lists.up_to(from, to)
  local list = {}
  for i = from, to do list[#list + 1] = i end
  return list
end

function page_lists.fault()
  return errors.new { kind = "network", message = "gone", sent = true }
end

page_lists.number, page_lists.slice = number, slice

return page_lists
