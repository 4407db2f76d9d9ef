-- SPDX-License-Identifier: MIT

--- Each of the emulator's ways of paging, walked to its end.

local json = require "lofty.sandbox.server.json"
local asking = require "spec.support.sandbox_requests"
local sandbox = require "lofty.sandbox"

local LEAD = "651095960136641"
local FROM, TO = 1767000000000, 1767614400000

describe("the sandbox's pages #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start()
    ask = asking(box)
  end)
  teardown(function() box:finish() end)
  after_each(function() box:control("reset") end)

  local function get(path)
    local status, body = ask.api("GET", path)
    assert.equal(200, status, path)
    return body
  end

  local function post(path, body)
    local status, answer = ask.api("POST", path, json.encode(body))
    assert.equal(200, status, path)
    return answer
  end

  -- Asks for pages until `fetch(page)` returns an empty one (or nil); every id must be new.
  -- `fetch` gets the page's number from 0 and how many items there were before it.
  local function walk(key, fetch)
    local seen, count, page = {}, 0, 0
    while true do
      local items = fetch(page, count)
      if not items or #items == 0 then return count, page end
      for _, item in ipairs(items) do
        local id = tostring(item[key])
        assert.is_nil(seen[id], "twice: " .. id)
        seen[id], count = true, count + 1
      end
      page = page + 1
      assert.is_true(page < 200, "no end")
    end
  end

  local function refuses(expected, path)
    assert.equal(expected, (ask.api("GET", path)), path)
  end

  it("go by limit and offset through the leads", function()
    assert.equal(1250, (walk("leadId", function(_, offset)
      return get("/v1.0/leads?limit=100&offset=" .. offset).leads
    end)))
    local first = get("/v1.0/leads")
    assert.equal(25, #first.leads)
    assert.equal(25, first._metadata.limit)
    for _, limit in ipairs { "0", "101", "-1" } do
      local status, body = ask.api("GET", "/v1.0/leads?limit=" .. limit)
      assert.equal(400, status)
      assert.equal("BaseApplicationException:errorCode=20042,errorMsg=LIMIT_NOT_VALID", body.message)
    end
  end)

  for _, style in ipairs { "fresh", "same" } do
    for _, ending in ipairs { "empty", "missing" } do
      it(("go by a scrollId through the leads (%s, at the end %s)"):format(style, ending), function()
        box:control("settings", { scroll = style, scroll_end = ending })
        local word, words = nil, {}
        local count, pages = walk("leadId", function(page)
          if page > 0 and not word then return nil end
          local answer = get("/v1.0/leads?limit=100&stage=Contacted" .. (word and "&scrollId=" .. ask.escape(word) or ""))
          word = answer._metadata.scrollId
          if word then words[word] = true end
          return answer.leads
        end)
        local distinct = 0
        for _ in pairs(words) do distinct = distinct + 1 end
        assert.equal(get("/v1.0/leads?stage=Contacted")._metadata.total, count)
        assert.is_true(style == "same" and distinct == 1 or style == "fresh" and distinct >= pages - 1)
      end)
    end
  end

  it("refuse an unknown scrollId and one of another account", function()
    refuses(400, "/v1.0/leads?scrollId=nonsense")
    local word = get("/v1.0/leads")._metadata.scrollId
    local other = "token " .. box.api_keys["9007199254740993"]
    assert.equal(400, (ask.api("GET", "/v1.0/leads?scrollId=" .. ask.escape(word), nil, other)))
  end)

  it("go by limit and offset through members and calls", function()
    assert.equal(63, (walk("id", function(_, offset) return get("/v1.0/members?offset=" .. offset).members end)))
    refuses(400, "/v1.0/members?limit=101")
    refuses(404, "/v1.0/members?groupIds=1")
    local total = get("/v1.0/calls?leadId=" .. LEAD)._metadata.total
    assert.equal(115, total)
    assert.equal(total, (walk("id", function(_, offset)
      return get("/v1.0/calls?leadId=" .. LEAD .. "&offset=" .. offset).calls
    end)))
    refuses(404, "/v1.0/calls")
    refuses(404, "/v1.0/calls?leadId=1")
  end)

  it("go by scrollId alone through members and calls with member_paging = scroll", function()
    box:control("settings", { member_paging = "scroll", page_cap = 25 })
    for path, case in pairs { ["/v1.0/members?limit=100"] = { "members", 63 },
                              ["/v1.0/calls?limit=100&leadId=" .. LEAD] = { "calls", 115 } } do
      local word
      assert.equal(case[2], (walk("id", function()
        local answer = get(path .. "&offset=50" .. (word and "&scrollId=" .. ask.escape(word) or ""))
        word = answer._metadata.scrollId
        assert.equal(25, answer._metadata.limit)
        return answer[case[1]]
      end)))
      refuses(400, path .. "&scrollId=nonsense")
    end
    assert.equal(25, #get("/v1.0/leads?limit=100").leads)
  end)

  it("can have another total, and a list that is empty, null or missing", function()
    box:control("fault", { path = "/v1.0/leads", total = 100 })
    local answer = get("/v1.0/leads")
    assert.same({ 100, 25 }, { answer._metadata.total, #answer.leads })
    for list, expected in pairs { empty = "[]", null = "null", missing = "nil" } do
      box:control("fault", { path = "/v1.0/leads", preset = "list-" .. list })
      answer = get("/v1.0/leads")
      assert.equal(expected, answer.leads == nil and "nil" or json.encode(answer.leads))
      assert.equal(1250, answer._metadata.total)
      assert.equal("string", type(answer._metadata.scrollId))
      box:control("fault", { path = "/v2.0/calendar", list = list })
      local data = get(("/v2.0/calendar?startTimeMs=%.0f"):format(FROM)).data
      assert.equal(expected, data.items == nil and "nil" or json.encode(data.items))
    end
    assert.has_error(function() box:control("fault", { list = "full" }) end)
  end)

  for path, field in pairs {
    ["/v1.0/communication/text"] = "texts", ["/v1.0/communication/email"] = "emails",
    ["/v1.0/communication/call"] = "calls", ["/v1.0/communication/call/v2"] = "calls",
  } do
    it("go by currentId and by offset through " .. path, function()
      local base = path .. "?leadId=" .. LEAD
      assert.equal(10, #get(base)[field])
      assert.equal(115, (walk("id", function(_, offset) return get(base .. "&limit=40&offset=" .. offset)[field] end)))
      box:control("settings", { current_id = "exclusive" })
      local last = 0
      assert.equal(115, (walk("id", function()
        local items = get(base .. "&limit=40&currentId=" .. tostring(last))[field]
        if #items > 0 then last = items[#items].id end
        return items
      end)))
      refuses(400, base .. "&limit=1001")
      refuses(404, path .. "?leadId=1")
    end)
  end

  it("go by currentId through a lead's activities, the named item first again", function()
    local base = "/v2.0/leads/" .. LEAD .. "/activities?limit=100"
    local last = nil
    assert.equal(345, (walk("id", function()
      local items = get(base .. (last and "&currentId=" .. tostring(last) or "")).activities
      if last then assert.equal(last, table.remove(items, 1).id) end
      if #items > 0 then last = items[#items].id end
      return items
    end)))
    local items = get(base).activities
    assert.is_true(items[1].activityTime < items[#items].activityTime) -- oldest first
  end)

  it("go by currentId through the caller's tasks", function()
    box:control("settings", { current_id = "exclusive" })
    local last = 0
    assert.equal(240, (walk("id", function()
      local items = get("/v2.0/tasks/my-tasks?limit=100&currentId=" .. tostring(last)).tasks
      if #items > 0 then last = items[#items].id end
      return items
    end)))
    refuses(400, "/v2.0/tasks/my-tasks?limit=101")
    refuses(400, "/v2.0/tasks/my-tasks?currentId=-1")
  end)

  it("go by offset and currentId through the manual logs, correcting a wrong limit without an error", function()
    local base = "/v1.0/logType?logType=logCall&leadId=" .. LEAD
    assert.equal(35, (walk("id", function(_, offset) return get(base .. "&offset=" .. offset).logType end)))
    assert.equal(10, #get(base .. "&limit=5000").logType)
    assert.equal(10, #get(base .. "&limit=0&offset=-4").logType)
    local up, down = get(base .. "&limit=1000").logType, get(base .. "&limit=1000&order=desc").logType
    assert.equal(up[1].id, down[#down].id)
    refuses(400, base .. "&offset=20000")
    refuses(400, "/v1.0/logType?logType=logFax&leadId=" .. LEAD)
  end)

  it("go by an opaque cursor through an agent's communication, the last page being empty", function()
    local base = ("/v2.0/communication/agent?type=ALL&startTime=%.0f&endTime=%.0f"):format(FROM, TO)
    local total = get(base).totalCount
    local cursor, asked = nil, 0
    local count = walk("id", function(page)
      if page > 0 and not cursor then return nil end
      local answer = get(base .. "&limit=" .. total .. (cursor and "&cursor=" .. ask.escape(cursor) or ""))
      cursor, asked = answer.nextCursor ~= json.null and answer.nextCursor or nil, asked + 1
      return answer.data
    end)
    assert.equal(total, count)
    assert.equal(2, asked)
    refuses(400, base .. "&cursor=nonsense")
    refuses(400, base .. "&limit=1001")
    refuses(400, ("/v2.0/communication/agent?startTime=%.0f&endTime=%.0f"):format(TO - 91 * 86400000, TO))
    refuses(400, "/v2.0/communication/agent?startTime=1")
  end)

  it("go by offset and limit in the body through an agent's communication of a day", function()
    local body = { type = "ALL", startTime = TO - 86400000, endTime = TO, limit = 5 }
    local more
    local count = walk("id", function(_, offset)
      body.offset = offset
      local answer = post("/v1.0/agent/communication", body)
      assert.is_true(more ~= false or #answer.pageData == 0)
      more = answer.hasMore
      return answer.pageData
    end)
    assert.is_true(count > 15)
    assert.is_false(more)
    body.startTime = TO - 86400001
    assert.equal(400, (ask.api("POST", "/v1.0/agent/communication", json.encode(body))))
  end)

  it("go by limit and offset through the leads that the AI works on", function()
    local total = get("/v2.0/working-leads").metadata.total
    assert.equal(45, total)
    assert.equal(45, (walk("leadId", function(_, offset)
      return get("/v2.0/working-leads?offset=" .. offset).workingLeads
    end)))
    assert.equal(15, get("/v2.0/working-leads?aiStage=AI_MONITORING").metadata.total)
    refuses(400, "/v2.0/working-leads?limit=101")
    refuses(400, "/v2.0/working-leads?aiStage=SOMETHING")
  end)

  it("go by numbers from 0 through transactions, pipelines, system logs and site activity", function()
    assert.equal(130, (walk("transactionId", function(page)
      return get("/v2.0/transactions?transactionType=All&pageNum=" .. page).pageData
    end)))
    assert.is_true(get("/v2.0/transactions").totalCount < 130) -- purchases only
    refuses(400, "/v2.0/transactions?pageSize=101")
    assert.equal(23, (walk("id", function(page)
      return get("/v1.0/teamFeatures/lead-pipelines?currPage=" .. page).pipelines
    end)))
    local more
    assert.equal(260, (walk("id", function(page)
      local answer = get("/v1.0/systemLogs?leadId=" .. LEAD .. "&pageNumber=" .. page)
      assert.equal("string", #answer.timeLines > 0 and type(answer.timeLines[1].id) or "string")
      more = answer.hasMore
      return answer.timeLines
    end)))
    assert.equal(0, more)
    refuses(403, "/v1.0/systemLogs?leadId=1")
    assert.equal(230, (walk("created", function(page)
      return get("/v1.0/leads/" .. LEAD .. "/activities?curPage=" .. page)
    end)))
  end)

  it("go by numbers from 0 through the calendar", function()
    local base = ("/v2.0/calendar?includeFinished=true&startTimeMs=%.0f"):format(FROM)
    local total = get(base).data.total
    assert.equal(total, (walk("id", function(page) return get(base .. "&pageSize=50&page=" .. page).data.items end)))
    assert.is_true(get(base:gsub("true", "false")).data.total < total)
    refuses(400, "/v2.0/calendar")
    refuses(400, base .. "&pageSize=501")
    refuses(400, base .. "&page=x")
  end)

  it("go by numbers from 1 through the listings and the AI's analyses", function()
    local metadata
    local count, pages = walk("listingId", function(page)
      local answer = post("/v2.0/listings/search", { pageNum = page + 1, pageSize = 50 })
      if #answer.listing > 0 then metadata = answer.metadata end
      return answer.listing
    end)
    assert.equal(180, count)
    assert.same({ 180, 4, 4, false }, { metadata.totalCount, metadata.totalPage, pages, metadata.hasMore })
    assert.equal(80, post("/v2.0/listings/search", { soldFlag = true }).metadata.totalCount)
    assert.equal(0, #post("/v2.0/listings/search", { scope = "all" }).listing) -- a wrong name: no rows, no error
    assert.equal(24, (walk("id", function(page) return get("/v2.0/ai/lead-analysis?pageNum=" .. page + 1).data.list end)))
  end)

  it("go by a key for each of the two lists of an agent's listings", function()
    local lists = { listIng = { "nextPageKey", 180 }, soldListing = { "soldNextPageKey", 80 } }
    for field, list in pairs(lists) do
      local word
      assert.equal(list[2], (walk("listingId", function(page)
        if page > 0 and word == "" then return nil end
        local answer = get("/v1.0/listing?agentListings=true&limit=60" .. (word and "&" .. list[1] .. "=" .. ask.escape(word) or ""))
        word = answer._listingMetadata[list[1]]
        return answer[field]
      end)))
    end
    refuses(400, "/v1.0/listing")
    refuses(400, "/v1.0/listing?agentListings=true&limit=1001")
    assert.equal(20012, get("/v1.0/listing?listingId=a&soldListingId=b").code) -- a failure at 200
  end)
end)
